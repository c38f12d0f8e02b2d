package serve

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"modicum/internal/caller"
	"modicum/internal/people"
)

// issuerNames are the issuers that the configuration lists.
func (s *Server) issuerNames() (out []string) {
	for _, is := range s.opts.Config.Issuers {
		out = append(out, is.Issuer)
	}
	return out
}

// word is people.Directory.Word of a subject as tokens for the doors have it, behind its
// issuer's prefix.
func (s *Server) word(id, issuer, subject string) people.Word {
	for _, is := range s.opts.Config.Issuers {
		if is.Issuer == issuer {
			subject = strings.TrimPrefix(subject, is.Prefix)
		}
	}
	return s.org.people.Word(id, issuer, subject)
}

// tellIdentities says at the start what is wrong with who people are at issuers, naming
// nobody.
func (s *Server) tellIdentities(ctx context.Context) {
	if n := s.org.people.OfTwo(); n > 0 {
		s.diary.LogAttrs(ctx, slog.LevelWarn, "identities at an identity provider stand on the pages of two people each: nobody comes in by them until they are taken away from whom they are not",
			slog.Int("identities", n), slog.String("do", "modicum people proposals, then modicum people take ID identity ISSUER#SUBJECT"))
	}
	if len(s.opts.Config.Issuers) > 0 {
		s.tellUnsaid(ctx)
	}
}

// tellUnsaid says for how many people of rights no identity at an issuer was given: the
// console and /api/ refuse who has their name there, the doors do not.
func (s *Server) tellUnsaid(ctx context.Context) {
	n := 0
	for p := range s.org.people.People() {
		if p.Active && len(p.Identities) == 0 && s.ours(p.ID) {
			n++
		}
	}
	if n == 0 {
		return
	}
	s.diary.LogAttrs(ctx, slog.LevelWarn, "people who hold rights or sign in here have no identity at an identity provider: at the doors whoever has their name there is them",
		slog.Int("people", n), slog.String("do", "modicum people give ID identity ISSUER#SUBJECT"))
}

// watchIssuers tells the log when the keys of an issuer become known, and when
// they cannot be had: without them every token of it is refused, and the client
// is never told why.
func (s *Server) watchIssuers(ctx context.Context) {
	told := map[string]string{}
	every(ctx, time.Second, true, func() {
		for _, is := range s.check.States() {
			if now := keysOf(&is); now != told[is.Issuer] && now != "" {
				told[is.Issuer] = now
				s.tellIssuer(ctx, &is)
			}
		}
	})
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
