package verify

import (
	"crypto/sha256"
	"strconv"
)

const (
	hashSize  = sha256.Size
	tileWidth = 256
	tileBits  = 8
)

// hash is SHA-256 of a leaf or a node, RFC 6962 section 2.1.
type hash [hashSize]byte

func leafHash(entry []byte) hash {
	// One buffer on the stack serves nearly all entries.
	var stack [2048]byte
	return sha256.Sum256(append(append(stack[:0], 0), entry...))
}

func nodeHash(left, right hash) hash {
	var b [1 + 2*hashSize]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+hashSize:], right[:])
	return sha256.Sum256(b[:])
}

// fold returns the hash of a full subtree, whose leaves (a power of two of
// them) it overwrites.
func fold(h []hash) hash {
	for len(h) > 1 {
		for i := range len(h) / 2 {
			h[i] = nodeHash(h[2*i], h[2*i+1])
		}
		h = h[:len(h)/2]
	}
	return h[0]
}

// frontier is the right edge of a growing tree: roots of full subtrees.
type frontier struct {
	roots  []hash
	height []int
}

// push adds the root of a full subtree of 2^height leaves. visit is told every
// subtree that this completes, the pushed one included.
func (f *frontier) push(h hash, height int, visit func(height int, h hash)) {
	for {
		if visit != nil {
			visit(height, h)
		}
		last := len(f.roots) - 1
		if last < 0 || f.height[last] != height {
			break
		}
		h = nodeHash(f.roots[last], h)
		f.roots, f.height = f.roots[:last], f.height[:last]
		height++
	}
	f.roots, f.height = append(f.roots, h), append(f.height, height)
}

func (f *frontier) clone() frontier {
	return frontier{append([]hash(nil), f.roots...), append([]int(nil), f.height...)}
}

// root of the tree; of nothing, the hash of the empty string.
func (f *frontier) root() hash {
	if len(f.roots) == 0 {
		return sha256.Sum256(nil)
	}
	h := f.roots[len(f.roots)-1]
	for i := len(f.roots) - 2; i >= 0; i-- {
		h = nodeHash(f.roots[i], h)
	}
	return h
}

// rootWith is the root after adding leaves.
func (f *frontier) rootWith(leaves []hash) hash {
	g := f.clone()
	for _, l := range leaves {
		g.push(l, 0, nil)
	}
	return g.root()
}

// rootFromPath computes the root that a path leads to, RFC 9162 section
// 2.1.3.2; ok is false when the path has the wrong length.
func rootFromPath(leaf hash, index, size int64, path []hash) (root hash, ok bool) {
	fn, sn, r := index, size-1, leaf
	for _, p := range path {
		if sn == 0 {
			return hash{}, false
		}
		if fn&1 == 1 || fn == sn {
			r = nodeHash(p, r)
			for fn&1 == 0 && fn != 0 {
				fn, sn = fn>>1, sn>>1
			}
		} else {
			r = nodeHash(r, p)
		}
		fn, sn = fn>>1, sn>>1
	}
	return r, sn == 0
}

// path of tile n of a level, or of a bundle when level is "entries".
func tilePath(level string, n int64, width int) string {
	s := pad(n % 1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = "x" + pad(n%1000) + "/" + s
	}
	if width < tileWidth {
		s += ".p/" + strconv.Itoa(width)
	}
	return "tile/" + level + "/" + s
}

func pad(n int64) string {
	s := strconv.FormatInt(n, 10)
	return "000"[len(s):] + s
}

// widthOf is how many hashes tile n of a level holds in a tree of size leaves.
func widthOf(level int, n, size int64) int {
	return int(min(size>>(tileBits*level)-n*tileWidth, tileWidth))
}
