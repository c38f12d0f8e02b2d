package notice

import (
	"errors"
	"io"
	"os"
	"strings"
)

// errSecret: a file of a secret that cannot be used. The path is in the
// configuration; neither it nor the content is told here (K1).
var errSecret = errors.New("its secret cannot be read: the file must hold one on each line and be closed to others (chmod 600)")

// secrets reads the lines of a file that others must not read or change. It is read
// at each use, so that what it holds can be replaced.
func secrets(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errSecret
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o037 != 0 {
		return nil, errSecret
	}
	const most = 4 << 10
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil || len(text) > most {
		return nil, errSecret
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil, errSecret
	}
	return lines, nil
}
