package console

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"

	"shouwen/cases"
)

// What a hash costs: RFC 9106 with the least memory OWASP advises, so that a small
// machine answers calls meanwhile.
const (
	hashTime    = 2
	hashMemory  = 19 << 10 // KiB
	hashThreads = 1
	hashLength  = 32 // bytes
	saltLength  = 16
)

// ErrHash reports a password hash that HashPassword has not made.
var ErrHash = errors.New("is no argon2id hash of Shouwen; shouwen user pass --console makes one")

// HashPassword returns the argon2id hash of a password (RFC 9106) with a salt of its
// own, in the PHC string format.
func HashPassword(password string) string {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails
	return hashPrefix + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(hashed(password, salt))
}

var hashPrefix = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, hashMemory, hashTime, hashThreads)

func hashed(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashThreads, hashLength)
}

// CheckHash reports whether hash is one of HashPassword's; the error is ErrHash.
func CheckHash(hash string) error {
	_, _, err := parseHash(hash)
	return err
}

func parseHash(hash string) (salt, sum []byte, err error) {
	rest, ok := strings.CutPrefix(hash, hashPrefix)
	saltText, sumText, both := strings.Cut(rest, "$")
	if !ok || !both {
		return nil, nil, ErrHash
	}
	salt, errSalt := base64.RawStdEncoding.Strict().DecodeString(saltText)
	sum, errSum := base64.RawStdEncoding.Strict().DecodeString(sumText)
	if errSalt != nil || errSum != nil || len(salt) != saltLength || len(sum) != hashLength {
		return nil, nil, ErrHash
	}
	return salt, sum, nil
}

// nobodysHash is what the password of somebody unknown is compared with: it takes as
// long as one of somebody known.
var nobodysHash = hashPrefix + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43)

// opens tells whether password is that of hash.
func opens(hash, password string) bool {
	salt, sum, err := parseHash(hash)
	return err == nil && subtle.ConstantTimeCompare(hashed(password, salt), sum) == 1
}

// admitPerson judges the password of whoever calls himself name, a user or an
// extension, and returns his user.
func (x *site) admitPerson(r *http.Request, name, password string) (user string, v verdict) {
	x.hashing.Lock() // also for the look before it: many who come at once have no more guesses than one after the other
	defer x.hashing.Unlock()
	p, known := x.personCalled(name)
	now := time.Now()
	if x.guesses.shut(source(r), now) || x.accounts.shut(p.User, now) {
		return "", tooMany
	}
	hash, ok := x.Passwords()[p.User]
	if !ok {
		hash = nobodysHash
	}
	ok = opens(hash, password) && ok && known
	if v = x.guesses.judge(source(r), ok, now); v == wrong && known {
		x.accounts.judge(p.User, false, now)
	}
	if v != right {
		x.Log.Warn("wrong password", "user", p.User, "source", source(r))
		return "", v
	}
	return p.User, right
}

func (x *site) personCalled(name string) (cases.Person, bool) {
	if p, ok := x.People().Person(name); ok {
		return p, true
	}
	if t, ok := x.People().Lookup(name); ok && t.Person != nil {
		return *t.Person, true
	}
	return cases.Person{}, false
}
