import { type Mode, modeOf } from '../kit/process/address/mode.ts';
import { type Setting, setting } from '../kit/process/setting.ts';

const choices = ['plain', 'sealed'] as const;

/** How texts about people are stored. */
export type PersonalDataForm = (typeof choices)[number];

/** The setting PERSONAL_DATA; undefined where it is not set. */
export const personalDataSetting = (): Setting<PersonalDataForm | undefined> =>
  setting.choice(undefined, choices).optional() as Setting<PersonalDataForm | undefined>;

/** Where PERSONAL_DATA is not set: sealed, but plain for a service on loopback. */
export function personalDataByMode(bindAddress: string): PersonalDataForm {
  const forms: Record<Mode, PersonalDataForm> = { local: 'plain', strict: 'sealed' };
  return forms[modeOf(bindAddress)];
}

/** What PERSONAL_DATA says, and otherwise what the mode says. */
export function personalDataIn(read: {
  readonly PERSONAL_DATA: PersonalDataForm | undefined;
  readonly BIND_ADDRESS: string;
}): PersonalDataForm {
  return read.PERSONAL_DATA ?? personalDataByMode(read.BIND_ADDRESS);
}
