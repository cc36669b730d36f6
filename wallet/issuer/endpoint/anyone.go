package endpoint

import (
	"html/template"
	"net/http"
)

// AnyoneUnsafe is an Authenticator that takes whoever is at the browser for one person, for
// demonstrations and tests: it asks for a yes and for nothing else.
type AnyoneUnsafe struct {
	Person SignedIn
}

var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Demonstration / 演示</title>
<form method="post" action="{{.Action}}">
<p>{{.ClientID}} &rarr; {{.Type}} &rarr; {{.RedirectURI}}</p>
<button name="decision" value="yes">Yes / 同意</button> <button name="decision" value="no">No / 不同意</button>
</form></html>
`))

// SignIn implements Authenticator.
func (a AnyoneUnsafe) SignIn(w http.ResponseWriter, r *http.Request, ask *Ask) (*SignedIn, error) {
	if r.Method == http.MethodPost {
		switch r.PostFormValue("decision") {
		case "yes":
			person := a.Person
			return &person, nil
		case "no":
			return nil, ErrDenied
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return nil, page.Execute(w, ask)
}
