import description from '../../../package.json' with { type: 'json' };

/** The version of this package, which its documents carry. */
export const version: string = description.version;
