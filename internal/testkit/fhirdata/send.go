package fhirdata

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
)

const (
	entries = 200 // entries of one transaction; 500 were slower
	workers = 2   // transactions at a time
)

// Send puts s into the FHIR server at base, in transactions of PUTs, then compares the server's count of each type with
// what was sent, so that a server which lost something is not taken for a full one. The server must have been empty.
func Send(ctx context.Context, base string, s Set) error {
	for _, typ := range s.Types() {
		if err := sendType(ctx, base, s[typ]); err != nil {
			return fmt.Errorf("%s: %w", typ, err)
		}
	}
	var wrong []error
	for _, typ := range s.Types() {
		n, err := Count(ctx, base, typ, nil)
		if err != nil {
			return err
		}
		if n != len(s[typ]) {
			wrong = append(wrong, fmt.Errorf("%s: sent %d, the server counts %d", typ, len(s[typ]), n))
		}
	}
	return errors.Join(wrong...)
}

func sendType(ctx context.Context, base string, rs []Resource) error {
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		errs  []error
		slots = make(chan struct{}, workers)
	)
	for len(rs) > 0 {
		part := rs[:min(entries, len(rs))]
		rs = rs[len(part):]
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			if err := post(ctx, base, part); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// post sends one transaction. Two that first use the same profile or tag can collide inside the server: it tries three times.
func post(ctx context.Context, base string, rs []Resource) error {
	var b bytes.Buffer
	b.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i, r := range rs {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"resource":%s,"request":{"method":"PUT","url":"%s"}}`, r.Body, r.Key())
	}
	b.WriteString(`]}`)
	var err error
	for range 3 {
		var status int
		status, err = postOnce(ctx, base, b.Bytes())
		if err == nil || status < http.StatusConflict || status == http.StatusUnprocessableEntity {
			return err
		}
	}
	return err
}

func postOnce(ctx context.Context, base string, body []byte) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	req.Header.Set("Prefer", "return=minimal")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return resp.StatusCode, err
	}
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, fmt.Errorf("%s: %.500s", resp.Status, answer)
	}
	return resp.StatusCode, nil
}

// Count asks the server how many resources of a type match the search q.
func Count(ctx context.Context, base, typ string, q url.Values) (int, error) {
	search := url.Values{"_summary": {"count"}}
	for name, values := range q {
		search[name] = values
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/"+typ+"?"+search.Encode(), nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var bundle struct {
		ResourceType string
		Total        *int
	}
	if err := json.NewDecoder(resp.Body).Decode(&bundle); err != nil {
		return 0, fmt.Errorf("count of %s: %s: %w", typ, resp.Status, err)
	}
	if resp.StatusCode != http.StatusOK || bundle.Total == nil {
		return 0, fmt.Errorf("count of %s: %s, a %q without total", typ, resp.Status, bundle.ResourceType)
	}
	return *bundle.Total, nil
}
