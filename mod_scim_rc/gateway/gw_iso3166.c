#include "gw_iso3166.h"

#include <string.h>
#include <apr_lib.h>

/* ISO 3166-1: the two-letter code, then the three-letter code, of each country. */
static const char codes[] =
    "ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS "
    "AWABW AXALA AZAZE BABIH BBBRB BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM "
    "BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN CCCCK "
    "CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV "
    "CWCUW CXCXR CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY "
    "EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB GBGBR GDGRD "
    "GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM "
    "GUGUM GWGNB GYGUY HKHKG HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN "
    "ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM "
    "KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA "
    "LRLBR LSLSO LTLTU LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL "
    "MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI "
    "MXMEX MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU "
    "NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM PNPCN PRPRI "
    "PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC "
    "SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD "
    "STSTP SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS "
    "TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY "
    "UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF "
    "ZMZMB ZWZWE";

#define ENTRY 6

/* Names in common use that the official list does not have. */
static const struct {
    const char *name, *code;
} others[] = {
    {"uk", "GB"},
    {"great britain", "GB"},
    {"england", "GB"},
    {"scotland", "GB"},
    {"wales", "GB"},
    {"northern ireland", "GB"},
    {"united states of america", "US"},
    {"u.s.a.", "US"},
    {"u.s.", "US"},
    {"america", "US"},
    {"holland", "NL"},
    {"czechia", "CZ"},
    {"czech republic", "CZ"},
    {"south korea", "KR"},
    {"north korea", "KP"},
    {"russia", "RU"},
    {"vietnam", "VN"},
    {"ivory coast", "CI"},
    {"turkey", "TR"},
    {"t\xc3\xbcrkiye", "TR"},
};

static void to_upper(char *to, const char *from, int n)
{
    while (n-- > 0) {
        *to++ = (char)apr_toupper(*from++);
    }
}

int gw_iso3166_code(const char *folded, char code[3])
{
    const char *entry;
    char upper[3];
    apr_size_t i;

    code[2] = '\0';
    if (strlen(folded) == 3) {
        to_upper(upper, folded, 3);
        for (entry = codes; entry < codes + sizeof codes - 1; entry += ENTRY) {
            if (!memcmp(entry + 2, upper, 3)) {
                memcpy(code, entry, 2);
                return 1;
            }
        }
    }
    for (i = 0; i < sizeof others / sizeof *others; i++) {
        if (!strcmp(others[i].name, folded)) {
            memcpy(code, others[i].code, 2);
            return 1;
        }
    }
    return 0;
}
