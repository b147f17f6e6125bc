package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// secrets are made once per data directory.
type secrets struct {
	Token string `json:"token"` // of the API
}

const secretsFile = "secrets.json"

func loadSecrets(data string) (secrets, error) {
	file := filepath.Join(data, secretsFile)
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		s := secrets{Token: "sw_" + newSecret(32)}
		b, err := json.Marshal(s)
		if err != nil {
			return s, fmt.Errorf("secrets: %w", err)
		}
		return s, writeFile(file, b)
	}
	var s secrets
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err == nil && (len(s.Token) < 32) {
		err = errors.New("too short")
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w; remove the file to have new secrets made", file, err)
	}
	return s, nil
}
