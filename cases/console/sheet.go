package console

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/xuri/excelize/v2"
)

// Format is what a table is written as.
type Format string

// The formats.
const (
	CSV  Format = "csv"
	XLSX Format = "xlsx"
)

// mediaTypes are those of the formats.
var mediaTypes = map[Format]string{
	CSV:  "text/csv; charset=utf-8; header=present",
	XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

// table is written line by line. A cell is a text or a number; nil is empty.
type table interface {
	line(cells ...any) error
	// close completes it. Notes are lines about its columns, which not every format has
	// room for.
	close(notes [][]string) error
}

func newTable(f Format, w io.Writer, title string) (table, error) {
	if f == CSV {
		_, err := io.WriteString(w, "\uFEFF") // or spreadsheets take it for another encoding
		c := csv.NewWriter(w)
		c.UseCRLF = true // RFC 4180 2
		return csvTable{c}, err
	}
	book := excelize.NewFile()
	name := sheetName(title)
	if err := book.SetSheetName("Sheet1", name); err != nil {
		return nil, fmt.Errorf("sheet %s: %w", name, err)
	}
	bold, err := book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}})
	if err != nil {
		return nil, fmt.Errorf("sheet %s: %w", name, err)
	}
	stream, err := book.NewStreamWriter(name)
	if err != nil {
		return nil, fmt.Errorf("sheet %s: %w", name, err)
	}
	x := &xlsxTable{to: w, book: book, stream: stream, head: bold}
	if err := stream.SetColWidth(1, 30, 18); err != nil {
		return nil, fmt.Errorf("sheet %s: %w", name, err)
	}
	return x, stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

type csvTable struct{ *csv.Writer }

func (t csvTable) line(cells ...any) error {
	texts := make([]string, len(cells))
	for i, c := range cells {
		switch c := c.(type) {
		case nil:
		case string:
			texts[i] = harmless(c)
		default:
			texts[i] = fmt.Sprint(c)
		}
	}
	return t.Write(texts)
}

func (t csvTable) close([][]string) error {
	t.Flush()
	return t.Error()
}

// harmless keeps spreadsheets from taking a text for a formula: whatever a caller has
// told us, nothing of it is computed where the file is opened.
func harmless(s string) string {
	s = written(s)
	if s != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	return s
}

// written leaves out what neither XML nor people can read.
func written(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n':
			return r
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\uFFFE', r == '\uFFFF':
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

type xlsxTable struct {
	to     io.Writer
	book   *excelize.File
	stream *excelize.StreamWriter
	head   int // style
	row    int // the last one
}

func (t *xlsxTable) line(cells ...any) error {
	t.row++
	values := make([]any, len(cells))
	for i, c := range cells {
		if s, ok := c.(string); ok {
			c = written(s) // a text is a text there, whatever it begins with
		}
		values[i] = c
		if t.row == 1 {
			values[i] = excelize.Cell{StyleID: t.head, Value: c}
		}
	}
	at, err := excelize.CoordinatesToCellName(1, t.row)
	if err != nil {
		return err
	}
	return t.stream.SetRow(at, values)
}

func (t *xlsxTable) close(notes [][]string) error {
	defer t.book.Close()
	if err := t.stream.Flush(); err != nil {
		return err
	}
	if len(notes) > 0 {
		if err := t.note(notes); err != nil {
			return err
		}
	}
	return t.book.Write(t.to)
}

// note adds a second sheet.
func (t *xlsxTable) note(notes [][]string) error {
	const name = "说明 notes"
	if _, err := t.book.NewSheet(name); err != nil {
		return err
	}
	if err := t.book.SetColWidth(name, "A", "B", 40); err != nil {
		return err
	}
	for i, line := range notes {
		at, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return err
		}
		if err := t.book.SetSheetRow(name, at, &line); err != nil {
			return err
		}
	}
	return nil
}

// sheetName is a title as a name of a sheet may be.
func sheetName(title string) string {
	name := []rune(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]'`, r) || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, title))
	return string(name[:min(len(name), 31)])
}
