//go:build leaktest

package fhir

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// open passes a request on as it is, and the answer back: no door at all, which every
// row of threat-model 7 must be seen to notice.
func (d *Door) open(w http.ResponseWriter, r *http.Request) {
	to, err := url.Parse(d.cfg.UpstreamBase)
	if err != nil {
		panic(err)
	}
	p := httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.Out.URL.Path = strings.TrimPrefix(p.In.URL.Path, d.base)
		p.Out.URL.RawPath = strings.TrimPrefix(p.In.URL.RawPath, d.base)
		p.SetURL(to)
	}}
	p.ServeHTTP(w, r)
}
