package serve

import (
	"context"
	"log/slog"
	"time"

	"modicum/internal/caller"
)

// watchIssuers tells the log when the keys of an issuer become known, and when
// they cannot be had: without them every token of it is refused, and the client
// is never told why.
func (s *Server) watchIssuers(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	told := map[string]string{}
	for {
		for _, is := range s.check.States() {
			if now := keysOf(&is); now != told[is.Issuer] && now != "" {
				told[is.Issuer] = now
				s.tellIssuer(ctx, &is)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// keysOf is what is to be told of an issuer, "" while nothing was tried.
func keysOf(is *caller.IssuerState) string {
	switch {
	case is.Error != "":
		return is.Error
	case is.Keys > 0:
		return "known"
	}
	return ""
}

func (s *Server) tellIssuer(ctx context.Context, is *caller.IssuerState) {
	if is.Error == "" {
		s.diary.LogAttrs(ctx, slog.LevelInfo, "keys of an issuer are known", slog.String("issuer", is.Issuer), slog.Int("keys", is.Keys))
		return
	}
	text := "keys of an issuer cannot be had; its tokens are refused"
	if is.Keys > 0 {
		text = "keys of an issuer cannot be looked at again; those known stay"
	}
	s.diary.LogAttrs(ctx, slog.LevelWarn, text, slog.String("issuer", is.Issuer), slog.String("error", is.Error))
}
