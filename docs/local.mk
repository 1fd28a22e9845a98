dist_doc_DATA = README.md NEWS LICENSE \
	docs/architecture.md docs/attributes.md docs/connect-entra.md \
	docs/connect-google.md docs/connect-okta.md docs/connect-ringcentral.md \
	docs/connect-saviynt.md docs/directives.md docs/errors.md docs/messages.md \
	docs/performance.md \
	docs/sandbox.md docs/testing.md docs/webhooks.md
