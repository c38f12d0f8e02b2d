package fhir_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modicum/internal/testkit"
)

// siegeOrder says what the besiegers do to a door, until they are told to stop: what the
// upstream answers to a read of Patient/p2. A read of any other is answered in order.
type siegeOrder struct {
	Door  string   // its address
	Kinds []string // of bad, in turn; none: a record in order
	Size  int      // of that record, in bytes; 0: as short as it is
	Half  int      // how many clients hold half a request besides
	Free  bool     // the network takes whatever the upstream writes
}

// sieged is what was written for reads of Patient/p2.
type sieged struct {
	Answers, Bytes int64
	Took           time.Duration
	Door           time.Duration // processor time of the door meanwhile
}

func (s sieged) bytesPerSecond() float64 { return float64(s.Bytes) / s.Took.Seconds() }

// partner is this binary, run again: what is not the door has no share in its process.
type partner struct {
	in  *json.Encoder
	out *json.Decoder
}

func startPartner(b *testing.B, as string) *partner {
	b.Helper()
	// As many threads as there are besiegers: the kernel shares the processors among them,
	// and no answer in order waits behind those in Go's own queues.
	child := testkit.StartChild(b, "FHIR_TEST_CHILD="+as, "GOMAXPROCS=32")
	return &partner{json.NewEncoder(child.In), json.NewDecoder(child.Out)}
}

func (p *partner) hear(b *testing.B, answer any) {
	b.Helper()
	if err := p.out.Decode(answer); err != nil {
		b.Fatal(err)
	}
}

func (p *partner) say(b *testing.B, order any) {
	b.Helper()
	if err := p.in.Encode(order); err != nil {
		b.Fatal(err)
	}
}

// siege is the upstream and all clients that are not measured.
type siege struct {
	*partner
	address string // of the upstream
}

func startSiege(b *testing.B) *siege {
	s := &siege{partner: startPartner(b, "siege")}
	s.hear(b, &s.address)
	return s
}

// lift ends what goes on, and says how much it was.
func (s *siege) lift(b *testing.B) (did sieged) {
	b.Helper()
	s.say(b, siegeOrder{})
	s.hear(b, &did)
	return did
}

// besieger is the child's side of it.
type besieger struct {
	order          atomic.Pointer[siegeOrder]
	turn           atomic.Int64
	answers, bytes atomic.Int64
	network        network
}

func siegeChild() {
	s := &besieger{}
	s.order.Store(&siegeOrder{})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go (&hostile{Listener: ln}).accept(s.answer)
	say, heard := json.NewEncoder(os.Stdout), json.NewDecoder(bufio.NewReader(os.Stdin))
	_ = say.Encode(ln.Addr().String())
	for {
		var start, end siegeOrder
		if heard.Decode(&start) != nil {
			return
		}
		s.order.Store(&start)
		answers, bytes, began := s.answers.Load(), s.bytes.Load(), time.Now()
		lift := s.begin(start)
		if heard.Decode(&end) != nil {
			return
		}
		did := sieged{Answers: s.answers.Load() - answers, Bytes: s.bytes.Load() - bytes, Took: time.Since(began)}
		lift()
		_ = say.Encode(did)
	}
}

// begin lets eight clients ask, and others hold half a request.
func (s *besieger) begin(o siegeOrder) (lift func()) {
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() { besiege(o.Door, stop) })
	}
	for range o.Half {
		wait.Go(func() { halfRequest(o.Door, stop) })
	}
	return func() { close(stop); wait.Wait() }
}

// answer is what the upstream says.
func (s *besieger) answer(w io.Writer, line string) bool {
	if !strings.Contains(line, "/Patient/p2") {
		_, err := io.WriteString(w, length(fhirHead, goodPat))
		return err == nil
	}
	s.answers.Add(1)
	c := &counted{w, s}
	o := s.order.Load()
	if len(o.Kinds) > 0 {
		return bad[o.Kinds[int(s.turn.Add(1))%len(o.Kinds)]](c, line)
	}
	_, err := io.WriteString(c, ordinary(o.Size))
	return err == nil
}

// counted writes no faster than the network takes it.
type counted struct {
	io.Writer
	s *besieger
}

func (c *counted) Write(p []byte) (done int, err error) {
	free := c.s.order.Load().Free
	for err == nil && len(p) > 0 {
		n := min(len(p), 64<<10)
		if !free {
			c.s.network.take(n)
		}
		n, err = c.Writer.Write(p[:n])
		c.s.bytes.Add(int64(n))
		done, p = done+n, p[n:]
	}
	return done, err
}

// network takes a gigabit a second. A server on the same machine could write ten times as
// much, and those who are measured would wait for its writing and not for the door.
type network struct {
	mu   sync.Mutex
	free time.Time // when all is gone that was taken
}

func (n *network) take(bytes int) {
	n.mu.Lock()
	if now := time.Now(); n.free.Before(now) {
		n.free = now
	}
	wait := time.Until(n.free)
	n.free = n.free.Add(time.Duration(bytes) * time.Second / 125_000_000)
	n.mu.Unlock()
	time.Sleep(wait)
}

// ordinary answers by a record of p2 in order, of about so many bytes: more addresses.
var ordinary = func() func(size int) string {
	var mu sync.Mutex
	made := map[int]string{}
	return func(size int) string {
		mu.Lock()
		defer mu.Unlock()
		if made[size] == "" {
			const one = `,{"use":"old","line":["17 Long Road"],"city":"Springfield","state":"IL","postalCode":"62701"}`
			more := strings.Repeat(one, max(0, size-len(goodPat))/len(one))
			made[size] = length(fhirHead, strings.Replace(strings.TrimSuffix(goodPat, "}"), `"p1"`, `"p2"`, 1)+`,"address":[{"city":"Springfield"}`+more+`]}`)
		}
		return made[size]
	}
}()

// besiege reads p2 over one connection as fast as it is answered.
func besiege(door string, stop chan struct{}) {
	client := &http.Client{}
	defer client.CloseIdleConnections()
	for {
		select {
		case <-stop:
			return
		default:
		}
		_, _ = readAs(client, door, "p2")
	}
}

func readAs(client *http.Client, door, patient string) (status int, err error) {
	req, err := http.NewRequest(http.MethodGet, "http://"+door+"/fhir/Patient/"+patient, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer alice")
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// halfRequest opens a connection and never ends its request.
func halfRequest(door string, stop chan struct{}) {
	conn, err := net.Dial("tcp", door)
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /fhir/Patient/_search HTTP/1.1\r\n"+asAlice+formField+"Content-Length: 1000\r\n\r\n_id=")
	<-stop
}

// others are those who are measured.
type others struct{ *partner }

type othersOrder struct {
	Door  string
	Times int
}

func startOthers(b *testing.B) *others { return &others{startPartner(b, "others")} }

// p99 reads p1 n times on 4 connections and returns the 99th percentile.
func (o *others) p99(b *testing.B, door string, n int) time.Duration {
	b.Helper()
	o.say(b, othersOrder{door, n})
	var took []time.Duration
	o.hear(b, &took)
	if len(took) != n {
		b.Fatalf("%d of %d good requests were answered", len(took), n)
	}
	slices.Sort(took)
	return took[n*99/100]
}

func othersChild() {
	say, heard := json.NewEncoder(os.Stdout), json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var o othersOrder
		if heard.Decode(&o) != nil {
			return
		}
		_ = say.Encode(measure(o))
	}
}

// measure stops at what is not answered in order.
func measure(o othersOrder) []time.Duration {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var took []time.Duration
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range o.Times / 4 {
				start := time.Now()
				status, err := readAs(client, o.Door, "p1")
				if err != nil || status != http.StatusOK {
					fmt.Fprintln(os.Stderr, "a good request got", status, err)
					return
				}
				mu.Lock()
				took = append(took, time.Since(start))
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return took
}
