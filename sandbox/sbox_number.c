#include "sbox_number.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "sbox_account.h"

static const char *const usages[] = {
    "MainCompanyNumber",
    "AdditionalCompanyNumber",
    "CompanyNumber",
    "DirectNumber",
    "CompanyFaxNumber",
    "FmcBusinessMobileNumber",
    "InventoryFmcBusinessMobileNumber",
    "InventoryPartnerBusinessMobileNumber",
    "PartnerBusinessMobileNumber",
    "ForwardedNumber",
    "ForwardedCompanyNumber",
    "ContactCenterNumber",
    "ConferencingNumber",
    "MeetingsNumber",
    "NumberPool",
    "BusinessMobileNumber",
    "PhoneLine",
    "Inventory",
};

const char *sbox_usage_find(const char *name)
{
    apr_size_t i;

    for (i = 0; name && i < sizeof(usages) / sizeof(usages[0]); i++) {
        if (!strcmp(usages[i], name)) {
            return usages[i];
        }
    }
    return NULL;
}

static void detach(sbox_account_t *account, sbox_number_t *number)
{
    sbox_extension_t *e = sbox_account_extension(account, number->extension);
    sbox_number_t **link;

    for (link = e ? &e->numbers : NULL; link && *link;
         link = &(*link)->same_extension) {
        if (*link == number) {
            *link = number->same_extension;
            break;
        }
    }
    number->same_extension = NULL;
    number->extension = 0;
}

void sbox_number_assign(sbox_account_t *account, sbox_number_t *number,
                        apr_int64_t extension)
{
    sbox_extension_t *e = sbox_account_extension(account, extension);

    detach(account, number);
    if (e) {
        number->extension = extension;
        number->same_extension = e->numbers;
        e->numbers = number;
    }
}

sbox_number_t *sbox_number_add(sbox_account_t *account, const char *usage,
                               apr_int64_t extension, int with_device)
{
    sbox_number_t *number = calloc(1, sizeof(*number));

    if (!number) {
        abort();
    }
    number->id = sbox_account_next_id(account);
    apr_snprintf(number->phone, sizeof(number->phone), "+%" APR_INT64_T_FMT,
                 account->next_phone++);
    number->usage = usage;
    if (with_device) {
        number->device = sbox_account_next_id(account);
    }
    number->previous = account->last_number;
    if (account->last_number) {
        account->last_number->next = number;
    }
    else {
        account->first_number = number;
    }
    account->last_number = number;
    account->n_numbers++;
    apr_hash_set(account->number_by_id, &number->id, sizeof(number->id), number);
    sbox_number_assign(account, number, extension);
    return number;
}

sbox_number_t *sbox_number_find(const sbox_account_t *account, apr_int64_t id)
{
    return apr_hash_get(account->number_by_id, &id, sizeof(id));
}

void sbox_number_remove(sbox_account_t *account, sbox_number_t *number)
{
    detach(account, number);
    apr_hash_set(account->number_by_id, &number->id, sizeof(number->id), NULL);
    if (number->previous) {
        number->previous->next = number->next;
    }
    else {
        account->first_number = number->next;
    }
    if (number->next) {
        number->next->previous = number->previous;
    }
    else {
        account->last_number = number->previous;
    }
    account->n_numbers--;
    free(number);
}
