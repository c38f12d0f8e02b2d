package notice

import (
	"crypto/rand"
	_ "embed"
	"fmt"
	htmltemplate "html/template"
	"maps"
	"net/url"
	"slices"
	"strings"
	"text/template"
	"time"

	gomail "github.com/wneessen/go-mail"

	"modicum/internal/defect"
)

//go:embed letter.txt
var letterText string

//go:embed letter.html
var letterHTML string

var (
	asText = template.Must(template.New("letter.txt").Parse(letterText))
	asHTML = htmltemplate.Must(htmltemplate.New("letter.html").Parse(letterHTML))
)

// letter is one mail: what waits for one person at one moment.
type letter struct {
	ID    string
	To    Reach
	Date  time.Time
	Lines []line
	More  int // notices that have no line of their own
	pages []string

	Inbox, Wishes string // addresses of pages
}

// line is one notice in a letter.
type line struct{ Title, Text, Link, At string }

// mostLines is how many notices one mail spells out.
const mostLines = 50

// letter puts together what still waits under that id; without lines when nothing does.
func (t *Teller) open(id string) letter {
	var in pages
	t.desk.View(func() { in = maps.Clone(t.index.letters[id]) })
	l := letter{ID: id, Inbox: t.link("/notices"), Wishes: t.link("/settings/notices")}
	l.pages = slices.Sorted(maps.Keys(in))
	for _, page := range l.pages {
		p := in[page]
		if l.Lines == nil {
			l.To, l.Date = t.cfg.Directory.Reach(p.To), at(p.Letter.Due)
		}
		if len(l.Lines) == mostLines {
			l.More++
			continue
		}
		l.Lines = append(l.Lines, line{
			Title: words[p.Kind].title, Text: words[p.Kind].sentence(t.name(p.By)), Link: t.link(p.About.Path()),
			At: at(p.At).In(t.zone(p.To, t.Wishes(p.To))).Format("2 January 2006, 15:04 MST"),
		})
	}
	return l
}

// link is the address of a page.
func (t *Teller) link(path string) string {
	return strings.TrimSuffix(t.cfg.Public.String(), "/") + path
}

// Subject names nobody: it is shown on locked screens.
func (l *letter) Subject() string {
	if len(l.Lines) == 1 {
		return l.Lines[0].Title
	}
	return fmt.Sprintf("%d notices for you", len(l.Lines)+l.More)
}

// messageID is that of every copy of the letter.
func (l *letter) messageID(public *url.URL) string {
	if defect.On(defect.CopyUnknown) {
		return rand.Text() + "@" + public.Hostname()
	}
	return l.ID + "@" + public.Hostname()
}

// message makes the mail. Whatever is sent again is made of the same parts.
func (l *letter) message(from string, public *url.URL) (*gomail.Msg, error) {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := m.From(from); err != nil {
		return nil, fmt.Errorf("notice: the sender is not an address")
	}
	if err := m.To(l.To.Mail); err != nil {
		return nil, fmt.Errorf("notice: the receiver is not an address")
	}
	m.Subject(l.Subject())
	m.SetDateWithValue(l.Date)
	m.SetMessageIDWithValue(l.messageID(public))
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 section 5: no out-of-office answers
	var text, html strings.Builder
	if err := asText.Execute(&text, l); err != nil {
		return nil, err
	}
	if err := asHTML.Execute(&html, l); err != nil {
		return nil, err
	}
	m.SetBodyString(gomail.TypeTextPlain, text.String())
	m.AddAlternativeString(gomail.TypeTextHTML, html.String())
	return m, nil
}
