import { runService } from '../../shared/kit/process/run-service.ts';
import { readConfig } from './config.ts';
import { createContainer } from './container.ts';

await runService(() => createContainer(readConfig()));
