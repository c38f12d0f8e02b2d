package signin

import (
	"encoding/base32"
	"fmt"
	"html/template"
	"image/color"
	"net/url"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// qrOf draws what an application for one-time codes scans, and writes the secret for
// whoever types it. It is drawn into the page itself, so that the secret gets into no
// address, and there is no picture that could be kept.
func qrOf(name, host string, secret []byte) (picture template.HTML, text string, err error) {
	text = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	label := url.PathEscape("Modicum") + ":" + url.PathEscape(name+"@"+host)
	code, err := qr.Encode("otpauth://totp/"+label+"?secret="+text+"&issuer=Modicum", qr.M, qr.Unicode)
	if err != nil {
		return "", "", err
	}
	size := code.Bounds().Dx()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="qr" viewBox="-4 -4 %d %d" width="240" height="240" role="img" aria-label="Code to scan with the application on your telephone"><rect x="-4" y="-4" width="%d" height="%d" fill="#fff"/><path fill="#000" d="`, size+8, size+8, size+8, size+8)
	for y := range size {
		for x := range size {
			if color.GrayModel.Convert(code.At(x, y)).(color.Gray).Y < 128 {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x, y)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return template.HTML(b.String()), grouped(text), nil
}
