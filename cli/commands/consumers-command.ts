/** `ordersctl consumers`: how far those are who answer and follow events. */
import type { Command } from 'commander';
import { background } from '../../shared/kit/context.ts';
import { readConsumers } from '../consumers/read-consumers.ts';
import { renderConsumers } from '../consumers/render-consumers.ts';
import { withEventStore } from '../event-store.ts';
import { withExample } from '../example.ts';
import { terminalPaint } from '../paint.ts';
import { print } from '../print.ts';
import { type CommonOptions, eventStoreAddress, withOptions } from '../settings.ts';

export function addConsumersCommand(program: Command): void {
  withOptions(withExample(program.command('consumers'), 'consumers'), 'eventStore', 'json')
    .description(
      'show how far each consumer of the log is: what waits for it and for how long, what it has ' +
        'in flight, and what it gave up. One that stands still moves no more while events wait',
    )
    .action(async (options: CommonOptions) => {
      const found = await withEventStore(eventStoreAddress(options), (store) =>
        readConsumers(background(), store),
      );
      print(options, found, (all) => renderConsumers(all, new Date(), terminalPaint));
    });
}
