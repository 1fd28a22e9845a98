#include "fleet_seal.h"

#include <limits.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#define FORMAT 1
#define NONCE 12
#define TAG 16
#define HEAD (1 + NONCE)

apr_status_t fleet_seal_key(const char *secret, const char *scope,
                            unsigned char key[FLEET_KEY_SIZE])
{
    static const char info[] = "values and news, AES-256-GCM, 1";
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    size_t len = FLEET_KEY_SIZE;
    int good = ctx && EVP_PKEY_derive_init(ctx) > 0 &&
               EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_sha256()) > 0 &&
               EVP_PKEY_CTX_set1_hkdf_salt(ctx, (const unsigned char *)scope,
                                           (int)strlen(scope)) > 0 &&
               EVP_PKEY_CTX_set1_hkdf_key(ctx, (const unsigned char *)secret,
                                          (int)strlen(secret)) > 0 &&
               EVP_PKEY_CTX_add1_hkdf_info(ctx, (const unsigned char *)info,
                                           (int)sizeof info - 1) > 0 &&
               EVP_PKEY_derive(ctx, key, &len) > 0 && len == FLEET_KEY_SIZE;

    EVP_PKEY_CTX_free(ctx);
    return good ? APR_SUCCESS : APR_EGENERAL;
}

apr_status_t fleet_seal(apr_pool_t *p, const unsigned char key[FLEET_KEY_SIZE],
                        const char *about, const base_slice_t *plain,
                        base_slice_t *sealed)
{
    unsigned char *out;
    EVP_CIPHER_CTX *ctx;
    int len = 0, good;

    if (plain->len > INT_MAX / 2) {
        return APR_EINVAL;
    }
    out = apr_palloc(p, HEAD + plain->len + TAG);
    out[0] = FORMAT;
    ctx = EVP_CIPHER_CTX_new();
    good = ctx && RAND_bytes(out + 1, NONCE) == 1 &&
           EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, out + 1) &&
           EVP_EncryptUpdate(ctx, NULL, &len, (const unsigned char *)about,
                             (int)strlen(about)) &&
           EVP_EncryptUpdate(ctx, out + HEAD, &len, (const unsigned char *)plain->data,
                             (int)plain->len) &&
           EVP_EncryptFinal_ex(ctx, out + HEAD + plain->len, &len) &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG, out + HEAD + plain->len);
    EVP_CIPHER_CTX_free(ctx);
    *sealed = (base_slice_t){(const char *)out, HEAD + plain->len + TAG};
    return good ? APR_SUCCESS : APR_EGENERAL;
}

apr_status_t fleet_unseal(apr_pool_t *p, const unsigned char key[FLEET_KEY_SIZE],
                          const char *about, const base_slice_t *sealed,
                          base_slice_t *plain)
{
    const unsigned char *in = (const unsigned char *)sealed->data;
    apr_size_t size;
    unsigned char *out, tag[TAG];
    EVP_CIPHER_CTX *ctx;
    int len = 0, good;

    if (sealed->len < HEAD + TAG || sealed->len > INT_MAX / 2 || in[0] != FORMAT) {
        return APR_EINVAL;
    }
    size = sealed->len - HEAD - TAG;
    out = apr_palloc(p, size + 1);
    memcpy(tag, in + HEAD + size, TAG);
    ctx = EVP_CIPHER_CTX_new();
    good = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, in + 1) &&
           EVP_DecryptUpdate(ctx, NULL, &len, (const unsigned char *)about,
                             (int)strlen(about)) &&
           EVP_DecryptUpdate(ctx, out, &len, in + HEAD, (int)size) &&
           EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG, tag) &&
           EVP_DecryptFinal_ex(ctx, out + size, &len) > 0;
    EVP_CIPHER_CTX_free(ctx);
    if (!good) {
        base_secret_clear(out, size);
        return APR_EINVAL;
    }
    out[size] = '\0';
    *plain = (base_slice_t){(const char *)out, size};
    return APR_SUCCESS;
}
