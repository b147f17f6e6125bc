package store_test

import (
	"os"
	osexec "os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"shouwen/cases/store"
	"shouwen/cases/store/storetest"
)

// The database of benchmarks: a year of a busy hotline, with its clocks, made by the
// first one that needs it.
const (
	million    = 1_000_000
	yearBegins = "2025-01-01 00:00+00"
)

var year struct {
	once sync.Once
	url  string
	err  error
}

// aMillion returns a store of million cases over a year. Whoever asks first waits.
func aMillion(b *testing.B) *store.Store {
	b.Helper()
	year.once.Do(func() {
		pin(b, "1")
		year.url = storetest.Shared(b)
		pin(b, "0")
		year.err = fill(b)
	})
	if year.err != nil {
		b.Fatal(year.err)
	}
	s, err := store.Open(b.Context(), year.url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	return s
}

// pin puts this program, and what it starts from now on, on a core: PostgreSQL has one,
// Shouwen the other.
func pin(b *testing.B, core string) {
	b.Helper()
	if out, err := osexec.Command("taskset", "-acp", core, strconv.Itoa(os.Getpid())).CombinedOutput(); err != nil {
		b.Logf("not pinned: %v\n%s", err, out)
	}
}

func fill(b *testing.B) error {
	c, err := pgx.Connect(b.Context(), year.url)
	if err != nil {
		return err
	}
	defer c.Close(b.Context())
	for _, sql := range []string{`set maintenance_work_mem = '512MB'`, `drop index cases_words`, makeCalls, makeCases, makeClocks,
		`create index cases_words on cases using gin (words gin_trgm_ops) with (fastupdate = off)`, `vacuum analyze`} {
		if _, err := c.Exec(b.Context(), sql); err != nil {
			return err
		}
	}
	return nil
}

// Everything follows from the number of the case: 30 agents, 12 departments, 200,000
// callers, 40 categories; one case in three was handed over, one in ten of those given
// back, half were visited; three in a hundred are still open.
const (
	makeCalls = `
		insert into call (id, caller, caller_raw, display, withheld, verified, diverted, hotline, trunk, arrived, answered, agent, extension, waited, ended, cause, talk)
		select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '+86139' || lpad((n * 7919 % 200000)::text, 8, '0'), '', '', false, true, '{}', '12345', 'carrier',
			at, at + interval '9 s', 'agent' || n % 30, '1001', '9 s', at + interval '3 min', 'caller', '171 s'
		from generate_series(1::bigint, 1000000) n, lateral (select timestamptz '` + yearBegins + `' + n * interval '31.5 s' as at) t`

	makeCases = `
		insert into cases (number, call, state, opened, caller, first_asker, responsible, handler, events, head, department, desk, handed, repeat, file, milestones)
		select to_char(k.answered at time zone 'Asia/Shanghai', 'YYMMDD') || '-1-' || lpad(n::text, 7, '0'), k.id,
			coalesce((array['visited', 'replied', 'accepted'])[1 + n % 100], 'closed'), k.answered, k.caller, k.agent, k.agent,
			case when passed then 'clerk' || n % 60 else k.agent end, 1, decode(repeat('00', 32), 'hex'),
			case when passed or n % 100 = 2 then 'department' || n / 100 % 12 else '' end,
			case when passed or n % 100 = 2 then 'department' || n / 100 % 12 else 'desk' end, case when passed then 1 else 0 end, n % 17 = 0,
			jsonb_build_object('matter', jsonb_build_object(
				'name', (array['王','李','张','刘','陈','杨','赵','黄','周','吴','徐','孙'])[1 + n % 12] || (array['伟','芳','娜','敏','静','丽','强','磊','军','洋','勇','艳','杰'])[1 + n % 13] || (array['','明','华','国','文'])[1 + n % 5],
				'phone', k.caller, 'address', 1 + n % 97 || '号楼' || 1 + n % 32 || '层' || 1 + n % 8 || '室',
				'content', (array['三楼停水','电梯故障','路灯不亮','噪音扰民','暖气不热','下水道堵塞','垃圾没有清运','停车位被占','燃气泄漏','社保卡补办'])[1 + n % 10]
					|| '，' || (array['已经两天','今天早上开始','第三次反映','邻居也有同样情况','物业没有回复','请尽快处理','家里有老人','影响出行'])[1 + n * 31 % 8] || '，编号' || n * 104729 % 9999991
					|| case when n % 50000 = 0 then '，井盖丢失' else '' end,
				'class', 'ordinary', 'category', 'category' || n % 40, 'read_back', true, 'fields', '{}'::jsonb))
			|| case when passed then jsonb_build_object('handed', jsonb_build_array(jsonb_build_object('department', 'department' || n / 100 % 12, 'mode', 'warm_required', 'by', k.agent))) else '{}' end
			|| case when passed and n % 30 = 0 then jsonb_build_object('returns', 1, 'returned', jsonb_build_object('code', 'not_ours', 'opinion', '不属于本部门', 'by', 'clerk' || n % 60, 'from', 'department' || (n / 100 + 1) % 12, 'sender', k.agent)) else '{}' end
			|| jsonb_build_object('result', jsonb_build_object('result', '已派人处理，' || n % 997), 'replies', jsonb_build_array(jsonb_build_object('result', '已处理', 'by', k.agent)), 'entered', true)
			|| case when n % 2 = 0 then jsonb_build_object('visits', jsonb_build_array(jsonb_build_object('answered', true, 'solved', n % 11 <> 0, 'satisfied', 1 + n % 5))) else '{}' end,
			jsonb_build_object('contact', k.answered, 'registered', k.answered + interval '1 min', 'caller_told', k.answered + interval '1 h')
		from call k, lateral (select ('x' || right(k.id::text, 12))::bit(48)::bigint as n) t, lateral (select n % 3 = 0 as passed) p order by n`

	// A clock for each case, which still runs for one in a hundred, and one for each that
	// was handed over; one in twenty was late.
	makeClocks = `
		insert into deadline (case_id, kind, gen, due_at, state, clock, stages, next_at, desk, breached)
		select c.id, kind, 1, due, case when runs then 'armed' else 'met' end,
			jsonb_build_object('clock', kind, 'gen', 1, 'due', due, 'from', c.opened, 'of', jsonb_build_object('id', 'township', 'version', 'abcdef'),
				'on', jsonb_build_object('clock', kind, 'start', 'contact', 'stop', jsonb_build_array('caller_told'), 'limit', '7d', 'by', jsonb_build_array(bound), 'ladder', jsonb_build_array('leader_in_charge'), 'rules', jsonb_build_array('S24-R25')))
			|| case when runs then '{}' else jsonb_build_object('stopped', c.opened + case when c.id % 20 = 0 then interval '8 d' else interval '1 h' end) end,
			'[]', null, case when bound = 'department' then c.desk else 'desk' end, not runs and c.id % 20 = 0
		from cases c, lateral (values ('reply_caller', 'first_asker', c.state = 'accepted'), ('reply_department', 'department', false)) k (kind, bound, runs),
			lateral (select c.opened + interval '7 d' as due) d
		where kind = 'reply_caller' or c.id % 3 = 0`
)
