package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"modicum/internal/nearest"
)

// printJSON prints one JSON object and a newline.
func printJSON(t *terminal, v any) error {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s\n", harmlessJSON(b))
	return err
}

// harmlessJSON is JSON that means the same and moves no cursor: what client.Plain takes out
// is written by number (RFC 8259, 7). Signs below U+0020 are so already, and outside of
// strings there are no others.
func harmlessJSON(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		if r < 0x7f || unicode.IsPrint(r) {
			out = utf8.AppendRune(out, r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
	}
	return out
}

// Colours of a terminal, ECMA-48 SGR.
const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
)

// paint colours text for a person at a terminal.
func (t *terminal) paint(how, text string) string {
	if !t.color {
		return text
	}
	return "\x1b[" + how + "m" + text + "\x1b[0m"
}

// note tells about progress and warnings; results go to standard output.
func (t *terminal) note(format string, args ...any) {
	fmt.Fprintf(t.err, format+"\n", args...)
}

// table prints rows in columns, two blanks apart.
func table(w io.Writer, rows [][]string) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(tw, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	return tw.Flush()
}

// tableOr is table, and says so where there is nothing.
func tableOr(w io.Writer, rows [][]string, nothing string) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w, nothing)
		return err
	}
	return table(w, rows)
}

// plural spells a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "ss") {
		return fmt.Sprintf("%d %ses", n, noun)
	}
	if strings.HasSuffix(noun, "y") {
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(noun, "y"))
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// stamp writes a moment as people and programs read it: RFC 3339, UTC, seconds.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// meant ends a complaint about a word with the one that is near, or with all.
func meant(word string, known []string) string {
	if near := nearest.Word(word, known); near != "" {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	if len(known) == 0 {
		return ""
	}
	const most = 12
	if len(known) > most {
		return fmt.Sprintf("; known are %s and %d more", strings.Join(known[:most], ", "), len(known)-most)
	}
	return "; known are " + strings.Join(known, ", ")
}
