package ledger

import (
	"net/http"
	"strconv"
	"strings"
)

// Handler serves the checkpoint that is in the folder, and tiles and bundles up
// to it, under the names they have there: GET checkpoint, tile/L/N,
// tile/entries/N. Whoever mounts it strips the prefix and says who may read.
// Partial tiles of earlier checkpoints are served too.
func (p *Publisher) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /checkpoint", func(w http.ResponseWriter, r *http.Request) {
		reply(w, "text/plain; charset=utf-8", "no-store", p.Published())
	})
	mux.HandleFunc("GET /tile/{level}/{rest...}", p.serveTile)
	return mux
}

func (p *Publisher) serveTile(w http.ResponseWriter, r *http.Request) {
	n, width, ok := parseTileIndex(r.PathValue("rest"))
	level, err := strconv.Atoi(r.PathValue("level"))
	entries := r.PathValue("level") == "entries"
	if entries {
		level, err = 0, nil
	}
	known := err == nil && ok && level >= 0 && level < 8 && (entries || strconv.Itoa(level) == r.PathValue("level"))
	if !known || width > tileWidth(level, n, p.published.Load().head.Size) {
		http.NotFound(w, r)
		return
	}
	var b []byte
	if entries {
		b, err = p.cfg.Source.Bundle(r.Context(), n, width)
	} else {
		b, err = p.cfg.Source.Tile(r.Context(), level, n, width)
	}
	if err != nil {
		http.Error(w, "the log cannot be read now", http.StatusServiceUnavailable)
		return
	}
	reply(w, "application/octet-stream", "private, max-age=31536000, immutable", b)
}

func reply(w http.ResponseWriter, kind, cache string, b []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", cache)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(b)
}

// parseTileIndex reads "x001/x234/067.p/12" and only the spelling that
// tileIndex and partial write.
func parseTileIndex(s string) (n int64, width int, ok bool) {
	path, w, isPartial := strings.Cut(s, ".p/")
	width = TileWidth
	if isPartial {
		var err error
		if width, err = strconv.Atoi(w); err != nil || width < 1 || width >= TileWidth {
			return 0, 0, false
		}
	}
	groups := strings.Split(path, "/")
	if len(groups) > 5 {
		return 0, 0, false
	}
	for i, g := range groups {
		v, err := strconv.ParseUint(strings.TrimPrefix(g, "x"), 10, 16)
		if err != nil || v > 999 || i == len(groups)-1 && strings.HasPrefix(g, "x") {
			return 0, 0, false
		}
		n = n*1000 + int64(v)
	}
	return n, width, tileIndex(n)+partial(width) == s
}
