const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

/**
 * mocha's own output, and its figures in the file that MOCHA_COUNTS names, with
 * a line for each file in which a test failed. It appears only when the run came
 * to its end, so a crash leaves none.
 */
module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const files = new Set();
    // A hook of the run's own belongs to no file, and cannot be asked once more.
    runner.on('fail', ({ file, parent }) => files.add(file ?? parent?.file ?? 'no file'));
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      const lines = [`${passes} ${failures} ${pending}`, ...files];
      writeFileSync(process.env.MOCHA_COUNTS, `${lines.join('\n')}\n`);
    });
  }
};
