package signin

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"modicum/internal/defect"
)

// A device is a browser at which people have proved who they are. It says so itself, by
// a sealed cookie, and opens nothing: wrong tries there are counted apart from those of
// everybody else, so that nobody keeps a person out by failing in their name.
type device struct {
	ID  string           `json:"id"`
	For map[string]int64 `json:"for"` // when somebody last proved it, by the hash of who
}

const (
	deviceLives  = 90 * 24 * time.Hour
	deviceHolds  = 16   // people; a desk of a ward has several
	deviceCookie = 4096 // bytes
)

// deviceName is the name of its cookie.
func (s *Service) deviceName() string { return s.cookie() + "-device" }

// device is what a browser says of itself; empty where that is nothing that we sealed.
func (s *Service) device(r *http.Request) (d device) {
	cookies := r.CookiesNamed(s.deviceName())
	if len(cookies) != 1 || len(cookies[0].Value) > deviceCookie {
		return device{}
	}
	raw, err := base64.RawURLEncoding.DecodeString(cookies[0].Value)
	if err != nil {
		return device{}
	}
	plain, err := s.wrap.open("device", raw)
	if err != nil || json.Unmarshal(plain, &d) != nil {
		return device{}
	}
	return d
}

// holds reports whether somebody proved who they are at it, not too long ago.
func (d device) holds(who string, now time.Time) bool {
	since, there := d.For[who]
	return there && now.UnixMicro() < since+deviceLives.Microseconds() || d.ID != "" && defect.On(defect.AnyDeviceKnown)
}

// guess is whose name is typed in a request.
func (s *Service) guess(r *http.Request, name string) guess {
	g := guess{name: name, network: network(r)}
	p := s.cfg.People.ByUserName(name)
	if d := s.device(r); p != nil && d.holds(s.whoAtDevice(p.ID), s.now()) && !defect.On(defect.DeviceUnknown) {
		g.device = d.ID
	}
	return g
}

// know makes the device known for a person who has proved to us who they are at it, and
// not elsewhere or in the demo. Where that fails, they have signed in all the same.
func (s *Service) know(w http.ResponseWriter, r *http.Request, person string, p Proof) {
	if p.Issuer != "" {
		return
	}
	d := s.device(r)
	if d.ID == "" || d.For == nil {
		id, _, err := s.secret()
		if err != nil {
			return
		}
		d = device{ID: id, For: map[string]int64{}}
	}
	d.For[s.whoAtDevice(person)] = s.now().UnixMicro()
	d.trim()
	plain, err := json.Marshal(d)
	if err != nil {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: s.deviceName(), Value: base64.RawURLEncoding.EncodeToString(s.wrap.close("device", plain)), Path: "/",
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteStrictMode, MaxAge: int(deviceLives / time.Second),
	})
}

// whoAtDevice is a person as a cookie holds them: always of one length.
func (s *Service) whoAtDevice(person string) string { return s.guesses.hash("person", person)[:16] }

// trim forgets who was there longest ago, where there are too many.
func (d device) trim() {
	for len(d.For) > deviceHolds {
		oldest := ""
		for person, since := range d.For {
			if oldest == "" || since < d.For[oldest] {
				oldest = person
			}
		}
		delete(d.For, oldest)
	}
}
