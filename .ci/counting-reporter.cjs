const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

/**
 * mocha's own output, and its figures in the file that MOCHA_COUNTS names. The
 * file appears only when the run came to its end, so a crash leaves none.
 */
module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      writeFileSync(process.env.MOCHA_COUNTS, `${passes} ${failures} ${pending}\n`);
    });
  }
};
