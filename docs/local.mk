# As in the source tree, for the links between them.
docsdir = $(docdir)/docs
dist_doc_DATA = README.md NEWS LICENSE
dist_docs_DATA = \
	docs/architecture.md docs/attributes.md docs/connect-entra.md \
	docs/connect-google.md docs/connect-okta.md docs/connect-ringcentral.md \
	docs/connect-saviynt.md docs/directives.md docs/errors.md docs/fleet.md docs/messages.md \
	docs/performance.md \
	docs/sandbox.md docs/testing.md docs/webhooks.md
