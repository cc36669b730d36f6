package irma

import (
	"crypto/ecdsa"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/privacybydesign/irmago/common/clientmodels"
	"github.com/privacybydesign/irmago/eudi"
	"github.com/privacybydesign/irmago/eudi/credentials/proofs"
	"github.com/privacybydesign/irmago/eudi/credentials/sdjwtvc"
	eudi_jwt "github.com/privacybydesign/irmago/eudi/jwt"
	"github.com/privacybydesign/irmago/eudi/metadata"
	"github.com/privacybydesign/irmago/eudi/openid4vci"
	"github.com/privacybydesign/irmago/eudi/openid4vp"
	"github.com/privacybydesign/irmago/eudi/openid4vp/dcql"
	"github.com/privacybydesign/irmago/eudi/openid4vp/eudi_sdjwt_dcql"
	"github.com/privacybydesign/irmago/eudi/sdjwt"
	"github.com/privacybydesign/irmago/eudi/services"
	"github.com/privacybydesign/irmago/eudi/storage"
	"github.com/privacybydesign/irmago/eudi/storage/db"
	"github.com/privacybydesign/irmago/eudi/storage/filesystem"
	"github.com/sirupsen/logrus"
	"gorm.io/driver/sqlite"

	"github.com/hufu-id/hufu/certpath/certpathtest"
	"github.com/hufu-id/hufu/credential"
	"github.com/hufu-id/hufu/did"
	"github.com/hufu-id/hufu/examples/interop/interoptest"
	"github.com/hufu-id/hufu/openid"
	"github.com/hufu-id/hufu/wallet/issuer"
)

// holder is irmago's wallet over SQLite, which trusts certificates of its owner's choice.
type holder struct {
	t          *testing.T
	storage    storage.Storage
	conf       *eudi.Configuration
	credential services.CredentialService
	store      db.CredentialStore
}

func newHolder(t *testing.T) *holder {
	t.Helper()
	eudi.Logger = logrus.New()
	eudi.Logger.SetOutput(io.Discard)
	dir := t.TempDir()
	s, err := storage.NewStorageWithDialector(sqlite.Open(filepath.Join(dir, "wallet.db")), filesystem.NewFileSystemStorage([32]byte{1}, dir))
	none(t, err)
	t.Cleanup(func() { _ = s.Close() })
	conf, err := eudi.NewConfiguration(s)
	none(t, err)
	store := db.NewCredentialStore(s.Db())
	return &holder{
		t: t, storage: s, conf: conf, store: store,
		credential: services.NewCredentialService(store, db.NewHolderBindingKeyStore(s.Db()), s.FileSystem(), services.NewRevocationService(nil, store), nil),
	}
}

// pem puts authorities one after another, the root first: irmago reads the leaf of x5c alone
// and wants to be told what lies between.
func pem(authorities ...*certpathtest.Authority) (out []byte) {
	for _, a := range authorities {
		out = append(out, a.PEM()...)
	}
	return out
}

// session hands irmago's callbacks to a test.
type session struct {
	t      *testing.T
	txCode string
	done   chan error
	plan   *clientmodels.DisclosurePlan
}

func newSession(t *testing.T) *session { return &session{t: t, done: make(chan error, 1)} }

var errCancelled = errors.New("cancelled")

func (s *session) Cancelled()                           { s.done <- errCancelled }
func (s *session) Failure(e *clientmodels.SessionError) { s.done <- errors.New(e.WrappedError) }

func (s *session) wait() error {
	select {
	case err := <-s.done:
		return err
	case <-time.After(time.Minute):
		return errors.New("no answer in a minute")
	}
}

// issuing says yes to an issuance.
type issuing struct{ *session }

func (s issuing) Success(string, []*clientmodels.Credential) { s.done <- nil }
func (s issuing) RequestPreAuthorizedCodeFlowPermission(_ *clientmodels.PreAuthorizedCodeFlowPermissionRequest, _ *clientmodels.TrustedParty, yes openid4vci.TokenPermissionHandler) {
	yes(true, &s.txCode)
}
func (s issuing) RequestAuthorizationCodeFlowPermission(_ *clientmodels.AuthorizationCodeFlowRequest, _ *clientmodels.TrustedParty, yes openid4vci.AuthCodeHandler) {
	yes(false, nil)
}
func (s issuing) RequestPermission(_ []*clientmodels.Credential, _ *clientmodels.TrustedParty, yes openid4vci.PermissionHandler) {
	yes(true)
}

// showing says yes to a request, and shows what was asked for.
type showing struct{ *session }

func (s showing) Success(string, []clientmodels.LogCredential) { s.done <- nil }
func (s showing) DeliverDcApiResponse(string)                  {}
func (s showing) RequestVerificationPermission(plan *clientmodels.DisclosurePlan, _ *clientmodels.TrustedParty, queries map[string]string, yes openid4vp.PermissionHandler) {
	s.session.plan = plan
	var chosen []dcql.DisclosureSelection
	for _, one := range plan.DisclosureChoicesOverview {
		for _, c := range one.OwnedOptions[0].Credentials {
			selection := dcql.DisclosureSelection{QueryId: queries[c.Hash], CredentialHash: c.Hash, RequireHolderBinding: true}
			for _, attribute := range c.Attributes {
				selection.ClaimPaths = append(selection.ClaimPaths, attribute.ClaimPath)
			}
			chosen = append(chosen, selection)
		}
	}
	yes(true, chosen)
}

// receive takes up an offer of an office.
func (h *holder) receive(link, txCode string, anchors []byte) error {
	h.t.Helper()
	verifier := sdjwtvc.NewHolderVerificationProcessor(sdjwtvc.CreateDefaultVerificationContext(anchors))
	client, err := openid4vci.NewClient(&http.Client{}, h.conf, verifier, h.credential, services.NewHolderBindingKeyService(h.storage.Db()), nil)
	none(h.t, err)
	client.SetAllowInsecureHttp(true)
	s := newSession(h.t)
	s.txCode = txCode
	client.NewSession(1, link, "https://wallet.example/back", issuing{s})
	return s.wait()
}

// show answers a counter's request.
func (h *holder) show(link string, anchors []byte) error {
	h.t.Helper()
	handler := eudi_sdjwt_dcql.NewSdJwtVcDcqlHandler(h.storage, h.store, nil, nil, sdjwt.NewDefaultKeyBinder(services.NewHolderBindingKeyService(h.storage.Db())), nil, nil)
	validator := openid4vp.NewRequestorCertificateStoreVerifierValidator(sdjwtvc.CreateDefaultVerificationContext(anchors), nil)
	client, err := openid4vp.NewClient(h.conf, []dcql.DcqlCredentialQueryHandler{handler}, validator, nil)
	none(h.t, err)
	s := newSession(h.t)
	client.NewSession(link, showing{s})
	return s.wait()
}

// irmago's wallet goes all the way at our desk: metadata, a transaction code, the nonce, a
// batch of proofs. The credential it refuses: its header has kid, which leads to the agency
// on the ledger, beside x5c, and irmago takes either alone.
func TestIrmagoWalletRefusesTwoKeyReferencesOfOurDesk(t *testing.T) {
	c := interoptest.Country(t)
	o, h := interoptest.OpenOffice(t, c, false), newHolder(t)
	link, made := o.Offer(issuer.OfferOptions{TxDigits: 6})
	err := h.receive(link, made.TxCode, pem(o.Ministry, o.Authority))
	if err == nil || !strings.Contains(err.Error(), "both 'x5c' and 'kid' headers are present") {
		t.Fatalf("%v", err)
	}
	copies := 0
	for _, err := range o.Desk.Issued(t.Context()) {
		none(t, err)
		copies++
	}
	if copies < 2 {
		t.Errorf("%d copies were issued", copies)
	}
}

// hold puts a university's credential into the wallet, bound to a key that irmago makes and
// proves.
func (h *holder) hold(x5c [][]byte, key *ecdsa.PrivateKey, anchors []byte) {
	h.t.Helper()
	const site, nonce = "https://university.example", "n-1"
	n := nonce
	keys, made, err := services.NewHolderBindingKeyService(h.storage.Db()).CreateKeyPairsWithProofs(1,
		proofs.NewJwtProofBuilder("wallet", site, jwa.ES256(), &n, eudi_jwt.NewSystemClock(), proofs.CryptographicBindingMethod_JWK))
	none(h.t, err)
	proof, err := openid.ParseProof(made[0])
	none(h.t, err)
	bound, err := proof.Verify(site, nonce, openid.VerifyOptions{})
	none(h.t, err)
	claims := map[string]any{"iss": site, "vct": diploma, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(), "degree": "BSc", "name": "Zhou Anning"}
	issued, err := credential.Issue(h.t.Context(), key, did.Header{X5C: x5c}, claims, []credential.Path{{"degree"}, {"name"}},
		credential.IssueOptions{Holder: bound, AnyTimeOfDay: true})
	none(h.t, err)
	verified, err := sdjwtvc.NewHolderVerificationProcessor(sdjwtvc.CreateDefaultVerificationContext(anchors)).ParseAndVerifySdJwtVc(sdjwtvc.SdJwtVcKb(issued.String()))
	none(h.t, err)
	none(h.t, h.credential.VerifyAndStoreIssuedCredentials([]*sdjwtvc.VerifiedSdJwtVc{verified}, "diploma", metadata.CredentialIssuerMetadata{
		CredentialIssuer: site, CredentialConfigurationsSupported: map[string]metadata.CredentialConfiguration{"diploma": {Format: metadata.CredentialFormatIdentifier_SdJwtVc}},
	}, true, keys))
}

// irmago's wallet holds a credential that package credential issued, and shows it to our
// counter.
func TestIrmagoWalletShowsToOurCounter(t *testing.T) {
	c, h := interoptest.Country(t), newHolder(t)
	ministry, x5c, key := university(c.Now())
	h.hold(x5c, key, pem(ministry))
	n := interoptest.OpenOffLedger(t, c, ministry, diploma, "degree")
	for _, with := range []map[string]any{
		{"response_mode": "direct_post.jwt"}, {"response_mode": "direct_post"},
		{"response_mode": "direct_post.jwt", "client_id_prefix": "x509_san_dns"},
	} {
		id, request := n.Ask(with)
		none(t, h.show(request, pem(n.Authority)))
		if out := n.Outcome(id); out.State != "accepted" || out.Refused != 0 {
			t.Errorf("%v: %+v", with, out)
		}
		if err := h.show(request, pem(ministry)); err == nil {
			t.Error("a counter of an unknown authority was answered")
		}
	}
}
