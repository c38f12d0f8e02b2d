package merge

// pairing finds which of two lists' items are one item.
type pairing struct {
	old   int
	from  []int  // by new item: 1 + the old one, 0 for none yet
	taken []bool // by old item
}

func (p *pairing) pair(o, n int) { p.from[n], p.taken[o] = o+1, true }

// by pairs items with one key, in order; once: only keys that one item on each side
// has. The empty key pairs nothing.
func (p *pairing) by(oldKey, newKey func(int) string, once bool) {
	olds := map[string][]int{}
	for o := range p.taken {
		if !p.taken[o] {
			k := oldKey(o)
			olds[k] = append(olds[k], o)
		}
	}
	news := map[string]int{}
	keys := make([]string, len(p.from))
	for n := range p.from {
		if p.from[n] == 0 {
			keys[n] = newKey(n)
			news[keys[n]]++
		}
	}
	for n, k := range keys {
		left := olds[k]
		if k == "" || len(left) == 0 || once && (len(left) > 1 || news[k] > 1) {
			continue
		}
		p.pair(left[0], n)
		olds[k] = left[1:]
	}
}

// byPlace pairs what is left between two pairs, in order, where the two may be one.
func (p *pairing) byPlace(may func(o, n int) bool) {
	next := 0 // the old item after the last pair
	for n := range p.from {
		if p.from[n] != 0 {
			next = p.from[n]
			continue
		}
		if next < p.old && !p.taken[next] && may(next, n) {
			p.pair(next, n)
			next++
		}
	}
}
