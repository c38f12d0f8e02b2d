package people

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// mostKeys of a program: one in use and one to change to, with room for a mistake.
const mostKeys = 4

// AddKey registers a public key for a program (RFC 7517): its owner does, since whoever
// holds the private one acts for them. It ends with its program at the latest.
func (d *Directory) AddKey(ctx context.Context, by Actor, program string, jwk []byte, until int64) (Key, error) {
	var made Key
	err := d.change(ctx, by, "key-added", about(program), func(t *turn) error {
		p, err := t.ownProgram(program)
		if err != nil {
			return err
		}
		if t.by.ID != p.Owner {
			return refuse(ErrForbidden, "only the owner of a program registers its keys")
		}
		if !t.trusted {
			return refuse(ErrTime, "try again when the clock is set")
		}
		made, err = t.makeKey(p, jwk, until)
		if err != nil {
			return err
		}
		p.Keys = append(p.Keys, made)
		t.what(made.ID)
		return nil
	})
	return made, err
}

func (t *turn) makeKey(p *Program, jwk []byte, until int64) (Key, error) {
	var out Problems
	if until <= t.now || until > p.Until {
		out.add("until", "must lie ahead, and not after the end of the program")
	}
	if len(p.Keys) >= mostKeys {
		out.add("keys", "are 4 already; take one away first")
	}
	id, public, say := readKey(jwk)
	out.add("jwk", say)
	if err := out.err(); err != nil {
		return Key{}, err
	}
	if _, taken := t.d.index.keys[id]; taken {
		return Key{}, refuse(ErrTaken, "this key is registered already; each program has its own")
	}
	return Key{ID: id, JWK: public, By: t.by.ID, Since: t.now, Until: until}, nil
}

// readKey returns the thumbprint (RFC 7638) of a key and what is public of it, or says
// what is wrong.
func readKey(text []byte) (id string, public []byte, say string) {
	var k jose.JSONWebKey
	if len(text) > 8192 || k.UnmarshalJSON(text) != nil || !k.Valid() {
		return "", nil, "is no JSON Web Key"
	}
	if !k.IsPublic() {
		return "", nil, "is a private key, which now counts as told: throw it away, make another, and send its public half"
	}
	switch at := k.Key.(type) {
	case *rsa.PublicKey:
		if bits := at.N.BitLen(); bits < 2048 || bits > 8192 {
			return "", nil, "is an RSA key of fewer than 2048 or more than 8192 bits"
		}
	case *ecdsa.PublicKey:
		if at.Curve != elliptic.P256() && at.Curve != elliptic.P384() {
			return "", nil, "is on a curve other than P-256 and P-384"
		}
	default:
		return "", nil, "is neither RSA nor elliptic (P-256, P-384)"
	}
	if len(k.Certificates) > 0 || k.Use != "" && k.Use != "sig" {
		return "", nil, "carries certificates, or is not for signatures"
	}
	sum, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", nil, "has no thumbprint"
	}
	public, err = jose.JSONWebKey{Key: k.Key, KeyID: k.KeyID, Algorithm: k.Algorithm, Use: "sig"}.MarshalJSON()
	if err != nil {
		return "", nil, "cannot be written"
	}
	return base64.RawURLEncoding.EncodeToString(sum), public, ""
}

// TakeKey ends a key at once: its owner, or who runs people.
func (d *Directory) TakeKey(ctx context.Context, by Actor, program, id string) error {
	return d.change(ctx, by, "key-taken", about(program), func(t *turn) error {
		p, err := t.ownProgram(program)
		if err != nil {
			return err
		}
		n := len(p.Keys)
		p.Keys = slices.DeleteFunc(p.Keys, func(k Key) bool { return k.ID == id })
		if len(p.Keys) == n {
			return refuse(ErrNobody, "the program has no such key")
		}
		if len(p.Keys) == 0 {
			p.Keys = nil
		}
		t.what(id)
		return nil
	})
}

// Key returns the key by which a program may sign in now, false when there is none.
func (d *Directory) Key(program, id string) (k Key, ok bool) {
	now, trusted := d.now()
	d.view(func() {
		p := d.programs.At(program)
		if p == nil || !d.active(program, now, trusted) {
			return
		}
		at := slices.IndexFunc(p.Keys, func(k Key) bool { return k.ID == id })
		if at >= 0 && now < p.Keys[at].Until {
			k, ok = p.Keys[at], true
		}
	})
	return k, ok
}
