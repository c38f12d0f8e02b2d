package signin

import (
	"strings"
	"time"
)

// agent says in known words which browser it is, so that people recognise theirs in a
// list. Nothing of what the browser sent is repeated.
func agent(header string) string {
	find := func(words [][2]string) string {
		for _, w := range words {
			if strings.Contains(header, w[0]) {
				return w[1]
			}
		}
		return ""
	}
	browser := find([][2]string{{"Edg/", "Edge"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"Safari/", "Safari"}})
	system := find([][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "Mac"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}})
	switch {
	case browser == "" && system == "":
		return "Unknown browser"
	case browser == "":
		return "Browser on " + system
	case system == "":
		return browser
	}
	return browser + " on " + system
}

func durationOf(micros int64) time.Duration { return time.Duration(micros) * time.Microsecond }
