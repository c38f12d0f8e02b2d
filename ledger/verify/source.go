package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Source reads the files of a log by the names they have in its folder. A file
// that is not there is fs.ErrNotExist; a file over max bytes is returned cut to
// max+1. Read is safe for concurrent use.
type Source interface {
	Read(ctx context.Context, path string, max int64) ([]byte, error)
}

// Folder is a copy of the ledger folder.
func Folder(path string) Source { return FS(os.DirFS(path)) }

// FS is a ledger folder in any file system. Unlike an address it is also looked
// through for older partial tiles.
func FS(fsys fs.FS) Source { return folder{fsys} }

type folder struct{ fs fs.FS }

func (f folder) Read(ctx context.Context, path string, max int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	file, err := f.fs.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fs.ErrNotExist
	}
	b := make([]byte, min(info.Size(), max+1))
	n, err := io.ReadFull(file, b)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return b[:n], err
}

// URL is a log served over HTTP: base, then the names of the folder. Headers go
// with each request. Redirects are not followed. A nil client is one with a
// limit of 30 seconds a request.
func URL(base string, header http.Header, client *http.Client) (Source, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("verify: the address must be http(s)://host/path without user, query and fragment")
	}
	if client == nil {
		client = &http.Client{Timeout: 30 * time.Second}
	}
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return remote{strings.TrimSuffix(u.String(), "/") + "/", header, &c}, nil
}

type remote struct {
	base   string
	header http.Header
	client *http.Client
}

func (r remote) Read(ctx context.Context, path string, max int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+path, nil)
	if err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	for k, v := range r.header {
		req.Header[k] = v
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("verify: read %s: %w", path, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusGone:
		return nil, fs.ErrNotExist
	default:
		return nil, fmt.Errorf("verify: read %s: the server answered %s", path, resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, max+1))
	if err != nil {
		return nil, fmt.Errorf("verify: read %s: %w", path, err)
	}
	return b, nil
}
