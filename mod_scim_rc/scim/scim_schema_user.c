#include "scim_schema.h"

#define NAME_MAX_LENGTH 64
#define EMAIL_MAX_LENGTH 254

static const char *const email_types[] = {"work", NULL};
static const char *const phone_types[] = {"work", "mobile", "other", NULL};
static const char *const address_types[] = {"work", NULL};
static const char *const external[] = {"external", NULL};
static const char *const to_user[] = {"User", NULL};
static const char *const to_group[] = {"Group", NULL};

static const scim_attr_t name_attrs[] = {
    {.name = "formatted",
     .description = "The full name, made from the given and the family name.",
     .flags = SCIM_DERIVED,
     .mutability = SCIM_READ_ONLY},
    {.name = "familyName",
     .description = "The family name, or last name.",
     .max_length = NAME_MAX_LENGTH},
    {.name = "givenName",
     .description = "The given name, or first name.",
     .flags = SCIM_REQUIRED,
     .max_length = NAME_MAX_LENGTH},
    {.name = "middleName", .description = "Middle names.", .flags = SCIM_IGNORED},
    {.name = "honorificPrefix", .description = "A title.", .flags = SCIM_IGNORED},
    {.name = "honorificSuffix", .description = "A suffix.", .flags = SCIM_IGNORED},
    {.name = NULL},
};

static const scim_attr_t email_attrs[] = {
    {.name = "value",
     .description = "The e-mail address.",
     .max_length = EMAIL_MAX_LENGTH},
    {.name = "display", .description = "A label.", .flags = SCIM_IGNORED},
    {.name = "type",
     .description = "What the address is for; the service keeps \"work\".",
     .canonical = email_types},
    {.name = "primary",
     .description = "Whether this is the preferred address.",
     .kind = SCIM_BOOLEAN},
    {.name = NULL},
};

static const scim_attr_t phone_attrs[] = {
    {.name = "value", .description = "The phone number."},
    {.name = "display", .description = "A label.", .flags = SCIM_IGNORED},
    {.name = "type",
     .description = "What the number is: \"work\", \"mobile\" or \"other\".",
     .canonical = phone_types},
    {.name = "primary",
     .description = "Whether this is the preferred number.",
     .kind = SCIM_BOOLEAN},
    {.name = NULL},
};

static const scim_attr_t address_attrs[] = {
    {.name = "formatted", .description = "A label.", .flags = SCIM_IGNORED},
    {.name = "streetAddress", .description = "Street and house number."},
    {.name = "locality", .description = "City or locality."},
    {.name = "region",
     .description = "State, province or region: its code or its English name."},
    {.name = "postalCode", .description = "Postal code."},
    {.name = "country",
     .description = "Country: its ISO 3166-1 code or its English name."},
    {.name = "type",
     .description = "What the address is for; the service keeps \"work\".",
     .canonical = address_types},
    {.name = "primary",
     .description = "Whether this is the preferred address.",
     .kind = SCIM_BOOLEAN},
    {.name = NULL},
};

/* The usual sub-attributes (RFC 7643 section 2.4) of what is ignored. */
static const scim_attr_t text_attrs[] = {
    {.name = "value", .description = "The value.", .flags = SCIM_IGNORED},
    {.name = "display", .description = "A label.", .flags = SCIM_IGNORED},
    {.name = "type", .description = "What it is for.", .flags = SCIM_IGNORED},
    {.name = "primary",
     .description = "Whether this is the preferred one.",
     .kind = SCIM_BOOLEAN,
     .flags = SCIM_IGNORED},
    {.name = NULL},
};

static const scim_attr_t photo_attrs[] = {
    {.name = "value",
     .description = "The URL of the picture.",
     .kind = SCIM_REFERENCE,
     .flags = SCIM_IGNORED | SCIM_EXACT,
     .reference_types = external},
    {.name = "display", .description = "A label.", .flags = SCIM_IGNORED},
    {.name = "type", .description = "What it is for.", .flags = SCIM_IGNORED},
    {.name = "primary",
     .description = "Whether this is the preferred one.",
     .kind = SCIM_BOOLEAN,
     .flags = SCIM_IGNORED},
    {.name = NULL},
};

static const scim_attr_t certificate_attrs[] = {
    {.name = "value",
     .description = "The certificate, DER in base64.",
     .kind = SCIM_BINARY,
     .flags = SCIM_IGNORED | SCIM_EXACT},
    {.name = "display", .description = "A label.", .flags = SCIM_IGNORED},
    {.name = "type", .description = "What it is for.", .flags = SCIM_IGNORED},
    {.name = "primary",
     .description = "Whether this is the preferred one.",
     .kind = SCIM_BOOLEAN,
     .flags = SCIM_IGNORED},
    {.name = NULL},
};

static const scim_attr_t group_attrs[] = {
    {.name = "value",
     .description = "The id of the group.",
     .flags = SCIM_IGNORED,
     .mutability = SCIM_READ_ONLY},
    {.name = "$ref",
     .description = "The URI of the group.",
     .kind = SCIM_REFERENCE,
     .flags = SCIM_IGNORED | SCIM_EXACT,
     .mutability = SCIM_READ_ONLY,
     .reference_types = to_group},
    {.name = "display",
     .description = "The name of the group.",
     .flags = SCIM_IGNORED,
     .mutability = SCIM_READ_ONLY},
    {.name = "type",
     .description = "Direct or indirect membership.",
     .flags = SCIM_IGNORED,
     .mutability = SCIM_READ_ONLY},
    {.name = NULL},
};

static const scim_attr_t user_attrs[] = {
    {.name = "userName",
     .description = "The name to sign in with: the work e-mail address.",
     .flags = SCIM_REQUIRED,
     .uniqueness = SCIM_UNIQUE_SERVER,
     .max_length = EMAIL_MAX_LENGTH},
    {.name = "name",
     .description = "The parts of the user's name.",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_REQUIRED,
     .sub = name_attrs},
    {.name = "displayName",
     .description = "The name to show, made from the given and the family name.",
     .flags = SCIM_DERIVED,
     .mutability = SCIM_READ_ONLY},
    {.name = "nickName", .description = "A casual name.", .flags = SCIM_IGNORED},
    {.name = "profileUrl",
     .description = "The URL of a profile page.",
     .kind = SCIM_REFERENCE,
     .flags = SCIM_IGNORED | SCIM_EXACT,
     .reference_types = external},
    {.name = "title", .description = "The job title.", .max_length = NAME_MAX_LENGTH},
    {.name = "userType",
     .description = "The relation to the organization.",
     .flags = SCIM_IGNORED},
    {.name = "preferredLanguage",
     .description = "The language for the user interface, such as \"en-US\"."},
    {.name = "locale",
     .description = "The locale for numbers, dates and times, such as \"en-US\"."},
    {.name = "timezone",
     .description = "The time zone, such as \"America/Los_Angeles\"."},
    {.name = "active",
     .description = "Whether the user may use the service.",
     .kind = SCIM_BOOLEAN},
    {.name = "password",
     .description = "A password to set; it is never shown.",
     .flags = SCIM_EXACT,
     .mutability = SCIM_WRITE_ONLY,
     .returned = SCIM_RETURNED_NEVER},
    {.name = "emails",
     .description = "E-mail addresses.",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_MULTI,
     .sub = email_attrs},
    {.name = "phoneNumbers",
     .description = "Phone numbers.",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_MULTI,
     .sub = phone_attrs},
    {.name = "ims",
     .description = "Instant messaging addresses.",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_MULTI | SCIM_IGNORED,
     .sub = text_attrs},
    {.name = "photos",
     .description = "Pictures of the user.",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_MULTI | SCIM_IGNORED,
     .sub = photo_attrs},
    {.name = "addresses",
     .description = "Postal addresses.",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_MULTI,
     .sub = address_attrs},
    {.name = "groups",
     .description = "The groups that the user is in.",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_MULTI | SCIM_IGNORED,
     .mutability = SCIM_READ_ONLY,
     .sub = group_attrs},
    {.name = "entitlements",
     .description = "What the user is entitled to.",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_MULTI | SCIM_IGNORED,
     .sub = text_attrs},
    {.name = "roles",
     .description = "Roles of the user.",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_MULTI | SCIM_IGNORED,
     .sub = text_attrs},
    {.name = "x509Certificates",
     .description = "Certificates of the user.",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_MULTI | SCIM_IGNORED,
     .sub = certificate_attrs},
    {.name = NULL},
};

const scim_schema_t scim_schema_user = {
    SCIM_URN_USER, "User", "User Account", user_attrs, scim_common_attrs,
};

static const scim_attr_t manager_attrs[] = {
    {.name = "value",
     .description = "The id of the manager.",
     .flags = SCIM_IGNORED | SCIM_EXACT},
    {.name = "$ref",
     .description = "The URI of the manager.",
     .kind = SCIM_REFERENCE,
     .flags = SCIM_IGNORED | SCIM_EXACT,
     .reference_types = to_user},
    {.name = "displayName",
     .description = "The name of the manager.",
     .flags = SCIM_IGNORED | SCIM_DERIVED,
     .mutability = SCIM_READ_ONLY},
    {.name = NULL},
};

static const scim_attr_t enterprise_attrs[] = {
    {.name = "employeeNumber",
     .description = "The number of the employee.",
     .flags = SCIM_IGNORED},
    {.name = "costCenter", .description = "The cost centre.", .flags = SCIM_IGNORED},
    {.name = "organization", .description = "The organization.", .flags = SCIM_IGNORED},
    {.name = "division", .description = "The division.", .flags = SCIM_IGNORED},
    {.name = "department",
     .description = "The department.",
     .max_length = NAME_MAX_LENGTH},
    {.name = "manager",
     .description = "The user's manager.",
     .kind = SCIM_COMPLEX,
     .flags = SCIM_IGNORED,
     .sub = manager_attrs},
    {.name = NULL},
};

const scim_schema_t scim_schema_enterprise_user = {
    SCIM_URN_ENTERPRISE_USER,
    "EnterpriseUser",
    "Enterprise User",
    enterprise_attrs,
    NULL,
};

static const scim_schema_t *const user_extensions[] = {
    &scim_schema_enterprise_user,
    NULL,
};

const scim_type_t scim_type_user = {
    "User", "/Users", "User Account", &scim_schema_user, user_extensions,
};
