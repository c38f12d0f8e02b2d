package notice

import (
	"maps"
	"slices"
	"strings"
)

// index finds open pages. The desk guards it: it is written where pages are turned,
// and read within Desk.View or a change.
type index struct {
	people  map[string]pages           // by whom they are for
	things  map[About]pages            // by what they are about
	letters map[string]pages           // by the letter in which they wait
	calls   map[string]map[string]call // by webhook: what waits
	digest  int64                      // the last moment whose digests began to leave
}

type pages map[string]*page // by id

func newIndex() index {
	return index{people: map[string]pages{}, things: map[About]pages{}, letters: map[string]pages{}, calls: map[string]map[string]call{}}
}

// put or take away a page, depending on now.
func turn[K comparable](in map[K]pages, key K, id string, now *page) {
	if now != nil {
		if in[key] == nil {
			in[key] = pages{}
		}
		in[key][id] = now
		return
	}
	if delete(in[key], id); len(in[key]) == 0 {
		delete(in, key)
	}
}

// turned hears each page of a notice.
func (t *Teller) turned(id string, old, now *page) {
	if old != nil {
		turn(t.index.people, old.To, id, nil)
		turn(t.index.things, old.About, id, nil)
		if old.Letter != nil {
			turn(t.index.letters, old.Letter.ID, id, nil)
		}
	}
	if now == nil {
		return
	}
	turn(t.index.people, now.To, id, now)
	turn(t.index.things, now.About, id, now)
	switch l := now.Letter; {
	case l == nil:
	case l.State == Waiting:
		turn(t.index.letters, l.ID, id, now)
		t.poke(mailOutlet)
	case l.ID != id:
		t.index.digest = max(t.index.digest, l.Due)
	}
}

// called hears each call of a webhook.
func (t *Teller) called(id string, old, now *call) {
	if old != nil {
		delete(t.index.calls[old.Hook], id)
	}
	if now == nil {
		return
	}
	if t.index.calls[now.Hook] == nil {
		t.index.calls[now.Hook] = map[string]call{}
	}
	t.index.calls[now.Hook][id] = *now
	t.poke(hookOutlet + now.Hook)
}

// poke wakes an outlet; it never waits.
func (t *Teller) poke(outlet string) {
	select {
	case t.wake[outlet] <- struct{}{}:
	default:
	}
}

// newest returns ids of pages before one, newest first.
func newest(of pages, before string, limit int) []string {
	ids := slices.DeleteFunc(slices.Collect(maps.Keys(of)), func(id string) bool { return before != "" && id >= before })
	slices.SortFunc(ids, func(a, b string) int { return strings.Compare(b, a) })
	return ids[:min(limit, len(ids))]
}
