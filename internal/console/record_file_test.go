package console_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"modicum/internal/console"
	"modicum/internal/people"
)

// files is a library in which a file of the record takes four looks, and the request for it.
func files(t *testing.T, look func(ctx context.Context, n int) error) (l *library, ask func(context.Context) (*http.Response, error)) {
	t.Helper()
	l = newLibrary(t)
	l.shelf.found, l.shelf.next, l.shelf.ends, l.shelf.look = happenings(t)[:1], 4000, 4, look
	return l, func(ctx context.Context) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.web.URL+"/record?as=csv", nil)
		if err != nil {
			t.Fatal(err)
		}
		return http.DefaultClient.Do(r)
	}
}

// TestAFileOfTheRecordLeavesWhileItIsFound: each look waits until what the one before found
// was read by whoever asked.
func TestAFileOfTheRecordLeavesWhileItIsFound(t *testing.T) {
	read := make(chan bool, 8)
	l, ask := files(t, func(ctx context.Context, n int) error {
		if n == 1 {
			return nil
		}
		select {
		case <-read:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	ctx, stop := context.WithTimeout(t.Context(), 15*time.Second)
	defer stop()
	resp, err := ask(ctx)
	if err != nil {
		t.Fatalf("nothing leaves before all of it is found: %v", err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for n := range 5 { // heads, and a row of each look
		if !lines.Scan() {
			t.Fatalf("after %d lines: %v", n, lines.Err())
		}
		if n > 0 {
			read <- true
		}
	}
	if lines.Scan() || l.shelf.reads != 4 {
		t.Errorf("%d looks, and then %q", l.shelf.reads, lines.Text())
	}
}

// TestAFileOfTheRecordEndsWithItsReader: the look under way is broken off, and there is no
// other.
func TestAFileOfTheRecordEndsWithItsReader(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	gone, looks := make(chan bool), make(chan int, 64)
	l, ask := files(t, func(ctx context.Context, n int) error {
		looks <- n
		if n == 2 {
			leave()
			<-ctx.Done()
			close(gone)
		}
		return nil // it was found all the same
	})
	if resp, err := ask(ctx); err == nil {
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	<-gone
	l.web.Close() // waits for the answer under way
	if n := len(looks); n != 2 {
		t.Errorf("%d looks for somebody who left at the second", n)
	}
}

// TestG3_AFileOfTheRecordEndsWithTheDuty: whoever may read the record no longer gets no more
// of it, not even what is found just then, and sees that the file is not whole.
func TestG3_AFileOfTheRecordEndsWithTheDuty(t *testing.T) {
	for _, looks := range []int{2, 4} { // it is taken in the last, and in one before
		var l *library
		l, ask := files(t, func(_ context.Context, n int) error {
			if n == 2 {
				l.viewer.Store(&console.Viewer{Person: l.crew.of["petra"], Duties: []people.Duty{people.RunSystem}, Session: "s"})
			}
			return nil
		})
		l.shelf.ends = looks
		resp, err := ask(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		file, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		l.web.Close() // waits for the answer under way: a connection that breaks says nothing of its looks
		if err == nil || l.shelf.reads != 2 {
			t.Errorf("%d looks, and an end like that of a whole file: %v\n%s", l.shelf.reads, err, file)
		}
		if lines := strings.Count(string(file), "\r\n"); lines != 2 {
			t.Errorf("%d lines, want the heads and what the first look found\n%s", lines, file)
		}
	}
}

// TestAFileOfTheRecordNeverEndsNeatlyShort: where the record cannot be read on, the
// connection breaks; where nothing had left, a page says it.
func TestAFileOfTheRecordNeverEndsNeatlyShort(t *testing.T) {
	for at, want := range map[int]int{1: http.StatusInternalServerError, 3: http.StatusOK} {
		_, ask := files(t, func(_ context.Context, n int) error {
			if n == at {
				return errors.New("disk gone at SECRET")
			}
			return nil
		})
		resp, err := ask(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		file, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want || (err != nil) != (at > 1) || strings.Contains(string(file), "SECRET") {
			t.Errorf("it fails at look %d: %d, %v\n%s", at, resp.StatusCode, err, file)
		}
	}
}
