package notice

import (
	"errors"
	"io"
	"os"
	"strings"
)

// errSecret: a file of a secret that cannot be used. The path is in the
// configuration; neither it nor the content is told here (K1).
var errSecret = errors.New("its secret cannot be read: the file must hold it on one line and be closed to others (chmod 600)")

// secret reads the one line of a file that others must not read or change. It is read
// at each use, so that what it holds can be replaced.
func secret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", errSecret
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o037 != 0 {
		return "", errSecret
	}
	const most = 4 << 10
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	line := strings.TrimRight(string(text), "\r\n")
	if err != nil || len(text) > most || line == "" || strings.ContainsAny(line, "\r\n") {
		return "", errSecret
	}
	return line, nil
}
