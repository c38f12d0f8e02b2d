package facts

import (
	"encoding/binary"
	"math"
	"strings"
	"time"
)

// carry keeps equal ones once: a million work items of one kind carry the same.
func (s *segment) carry(c carry) uint32 {
	if !c.HasClasses && !c.HasMarked && !c.HasDates && len(c.values) == 0 {
		return none
	}
	key := c.key()
	if i, ok := s.carryOf[key]; ok {
		return i
	}
	if len(c.values) > 0 && c.byName == nil {
		c.byName = make(map[string]any, len(c.values))
		for _, v := range c.values {
			c.byName[v.Name] = v.Of
		}
	}
	i := uint32(len(s.carried))
	s.carried = append(s.carried, c)
	s.carryOf[key] = i
	return i
}

// key is equal for equal carries and different for different ones: each part is
// of fixed length or says its length first.
func (c *carry) key() string {
	var b strings.Builder
	num := func(n uint64) {
		var buf [8]byte
		binary.BigEndian.PutUint64(buf[:], n)
		b.Write(buf[:])
	}
	bit := func(yes bool) {
		if yes {
			b.WriteByte(1)
		} else {
			b.WriteByte(0)
		}
	}
	instant := func(t time.Time) { num(uint64(t.Unix())); num(uint64(t.Nanosecond())) }
	bit(c.HasClasses)
	bit(c.HasMarked)
	bit(c.HasDates)
	num(c.Classes[0])
	num(c.Classes[1])
	num(uint64(c.Marked))
	instant(c.From)
	instant(c.Until)
	for _, v := range c.values {
		num(uint64(len(v.Name)))
		b.WriteString(v.Name)
		switch x := v.Of.(type) {
		case string:
			b.WriteByte('s')
			num(uint64(len(x)))
			b.WriteString(x)
		case float64:
			b.WriteByte('n')
			num(math.Float64bits(x))
		case time.Time:
			b.WriteByte('t')
			instant(x)
		case bool:
			b.WriteByte('b')
			bit(x)
		}
	}
	return b.String()
}
