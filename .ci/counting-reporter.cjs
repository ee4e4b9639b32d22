const { writeFileSync } = require('node:fs');
const { relative } = require('node:path');
const { reporters } = require('mocha');

/** Files whose times are told. */
const SLOWEST = 40;

/**
 * mocha's own output; each failure with its stack as soon as mocha tells of it;
 * in the end how long the slowest files took; and its figures in the file that
 * MOCHA_COUNTS names, with a line for each file in which a test failed. That file
 * appears only when the run came to its end, so a crash leaves none.
 */
module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const files = new Set();
    const took = new Map();
    const fileOf = ({ file, parent }) => file ?? parent?.file;
    runner.on('fail', (test, error) => {
      // A hook of the run's own belongs to no file, and cannot be asked once more.
      files.add(fileOf(test) ?? 'no file');
      const name = typeof test.fullTitle === 'function' ? test.fullTitle() : test.title;
      console.log(`== FAILED: ${name}\n${error?.stack ?? error}`);
    });
    const count = (test) => {
      const file = fileOf(test);
      if (file) took.set(file, (took.get(file) ?? 0) + (test.duration ?? 0));
    };
    runner.on('test end', count);
    runner.on('hook end', count);
    runner.once('end', () => {
      const slowest = [...took].sort(([, a], [, b]) => b - a).slice(0, SLOWEST);
      for (const [file, ms] of slowest) {
        console.log(`== ${(ms / 1_000).toFixed(1).padStart(6)} s  ${relative('.', file)}`);
      }
      const { passes, failures, pending } = this.stats;
      const lines = [`${passes} ${failures} ${pending}`, ...files];
      writeFileSync(process.env.MOCHA_COUNTS, `${lines.join('\n')}\n`);
    });
  }
};
