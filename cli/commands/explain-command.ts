/** `ordersctl explain`: an order's story. */
import type { Command } from 'commander';
import { EXAMPLE_ORDER, withExample } from '../example.ts';
import { terminalPaint } from '../paint.ts';
import { print } from '../print.ts';
import { readStory } from '../read-story.ts';
import { renderStory } from '../render-story.ts';
import {
  type CommonOptions,
  deadlines,
  eventStoreAddress,
  withOptions,
  zipkinUrl,
} from '../settings.ts';

export function addExplainCommand(program: Command): void {
  withOptions(
    withExample(program.command('explain'), `explain ${EXAMPLE_ORDER}`),
    'eventStore',
    'json',
  )
    .description(
      'tell what happened to an order, what it waits for, and what happens then. ' +
        'Uses the deadlines configured here: PAYMENT_DEADLINE_MS, REVIEW_DEADLINE_MS, DEADLINE_CEILING_MS',
    )
    .argument('<order id>')
    .action(async (id: string, options: CommonOptions) => {
      const place = { deadlines: deadlines(), zipkinUrl: zipkinUrl() };
      const story = await readStory(id, eventStoreAddress(options), place);
      print(options, story, (told) => renderStory(told, terminalPaint));
    });
}
