# The annotated configuration and the LoadModule line, to be copied to where httpd's
# configuration is.
exampledir = $(docdir)/conf
dist_example_DATA = conf/scim_rc.conf
nodist_example_DATA = conf/scim_rc.load
