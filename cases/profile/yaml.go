package profile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// Bounds of the YAML of a calendar or a policy.
const (
	maxFile  = 256 << 10 // octets
	maxDepth = 10        // brackets within brackets
)

// decode reads one YAML document strictly; errors name line and column.
func decode(b []byte, into any) error {
	if len(b) > maxFile {
		return fmt.Errorf("more than %d KiB", maxFile>>10)
	}
	if err := bounded(b); err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict())
	switch err := d.Decode(into); {
	case errors.Is(err, io.EOF):
		return errors.New("[1:1] is empty")
	case err != nil:
		return errors.New(yaml.FormatError(err, false, false))
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return errors.New("more than one document")
	}
	return nil
}

// bounded refuses YAML that costs far more to read than its size suggests.
func bounded(b []byte) error {
	depth := 0
	for _, t := range lexer.Tokenize(string(b)) {
		switch t.Type {
		case token.AnchorType, token.AliasType:
			return fmt.Errorf("[%d:%d] anchors and aliases are not supported", t.Position.Line, t.Position.Column)
		case token.SequenceStartType, token.MappingStartType:
			if depth++; depth > maxDepth {
				return fmt.Errorf("[%d:%d] more than %d brackets within each other", t.Position.Line, t.Position.Column, maxDepth)
			}
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
	}
	return nil
}

// word is the text of a single value; lists and mappings have none.
func word(n ast.Node) string {
	if s, ok := n.(ast.ScalarNode); ok {
		return strings.TrimSpace(s.GetToken().Value)
	}
	return ""
}

// refuse is an error at n, with its line and column.
func refuse(n ast.Node, format string, args ...any) error {
	return &yaml.SyntaxError{Message: fmt.Sprintf(format, args...), Token: n.GetToken()}
}
