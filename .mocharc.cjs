module.exports = {
  timeout: 30_000,
  slow: 2_000,
  'forbid-only': true,
  'forbid-pending': false,
  exit: false,
  // By its whole name, so that mocha may be called from any folder.
  require: [require.resolve('./stack/testing/hooks.ts')],
};
