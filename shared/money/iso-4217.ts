/**
 * ISO 4217, list one: the currencies and funds, by their number of decimals. Frozen here,
 * because a log's meaning depends on it and no upgrade may change it: a runtime (CLDR)
 * has other numbers for some of them.
 *
 * Published on 2026-01-01 (up to amendment 180) by SIX, the maintenance agency:
 * https://www.six-group.com/en/products-services/financial-information/market-reference-data/data-standards.html
 *
 * Take over a newer list by hand. Codes that it drops become `withdrawn`, because
 * somebody may have a log in one; the decimals of a code never change here.
 */
export const published = '2026-01-01';

const codes = (text: string): readonly string[] => text.trim().split(/\s+/);

/** Codes by their decimals. Codes without any, such as gold and the test code, are not money here. */
export const byDecimals: ReadonlyMap<number, readonly string[]> = new Map([
  [
    0,
    codes(`
      BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF
    `),
  ],
  [
    2,
    codes(`
      AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN
      BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD
      FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW
      KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
      MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG
      SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD
      USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
    `),
  ],
  [
    3,
    codes(`
      BHD IQD JOD KWD LYD OMR TND
    `),
  ],
  [
    4,
    codes(`
      CLF UYW
    `),
  ],
]);

/** Codes that name no amount of money: metals, units of account, tests. */
export const withoutDecimals = codes(`
  XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX
`);

/** Removed from the list since 2023, with two decimals each. A log in one of them keeps it. */
export const withdrawn = codes('ANG BGN CUC HRK SLL ZWL');

/**
 * Releases that asked the runtime counted these in whole units: CLDR gives them no
 * decimals. Their logs stay valid, because they hold major units; their ledgers hold
 * minor units.
 */
export const onceWithoutDecimals = codes(`
  AFN ALL COP HUF IDR IQD IRR KPW LAK LBP MGA MMK PKR SLL SOS SYP YER
`);
