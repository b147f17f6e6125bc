package sip

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The last known copy of all bindings is one file: a line with the SHA-256 of
// the rest in hex, then the bindings as JSON. It is replaced as a whole, so a
// crash leaves the old or the new one.

const lastKnownMax = 64 << 20 // about 100,000 bindings

var errCorrupt = errors.New("checksum of the last known bindings does not match")

// writeLastKnown replaces the file, readable by its owner only.
func writeLastKnown(file string, bindings []Binding) (err error) {
	body, err := json.Marshal(bindings)
	if err != nil {
		return fmt.Errorf("encode bindings: %w", err)
	}
	sum := sha256.Sum256(body)
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // 0600
	if err != nil {
		return fmt.Errorf("last known bindings: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			err = fmt.Errorf("last known bindings: %w", err)
		}
	}()
	if _, err = f.Write(append(append([]byte(hex.EncodeToString(sum[:])), '\n'), body...)); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), file); err != nil {
		return err
	}
	return syncDir(filepath.Dir(file))
}

// syncDir makes a rename in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// readLastKnown returns what writeLastKnown wrote; no file is no bindings.
func readLastKnown(file string) ([]Binding, error) {
	f, err := os.Open(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := io.ReadAll(io.LimitReader(f, lastKnownMax))
	if err != nil {
		return nil, err
	}
	head, body, _ := bytes.Cut(all, []byte{'\n'})
	sum := sha256.Sum256(body)
	if string(head) != hex.EncodeToString(sum[:]) {
		return nil, fmt.Errorf("%s: %w", file, errCorrupt)
	}
	var bindings []Binding
	if err := json.Unmarshal(body, &bindings); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return bindings, nil
}
