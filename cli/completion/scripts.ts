/**
 * Completion for shells, as scripts that hold every command and option: a key press starts no
 * program.
 */
import type { CommandNode } from './command-tree.ts';

/** Both names of the program. */
const NAMES = 'ordersctl orders';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** The script that makes `shell` complete these commands. */
export const completionScript = (shell: Shell, tree: readonly CommandNode[]): string =>
  ({ bash, zsh, fish })[shell](tree);

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The words that name a command, each a pattern of `case`. */
const known = (tree: readonly CommandNode[]): string =>
  tree
    .filter(({ path }) => path !== '')
    .map(({ path }) => quoted(path))
    .join(' | ');

/** A line of `case` for all options that take one of these values, each after its command. */
function values(
  tree: readonly CommandNode[],
  line: (choices: readonly string[]) => string,
): string {
  const valued = tree.flatMap(({ path, options }) =>
    options.filter(({ takesValue }) => takesValue).map((option) => ({ path, option })),
  );
  const alike = Map.groupBy(valued, ({ option }) => line(option.choices));
  return [...alike]
    .map(([does, all]) => {
      const patterns = all.flatMap(({ path, option }) =>
        option.flags.map((flag) => quoted(`${path} ${flag}`)),
      );
      return `    ${patterns.join(' | ')}) ${does} ;;`;
    })
    .join('\n');
}

/** Without a list bash falls back to files. */
const bashValues = (choices: readonly string[]): string =>
  choices.length === 0
    ? 'return'
    : `COMPREPLY=($(compgen -W ${quoted(choices.join(' '))} -- "$current")); return`;

function bash(tree: readonly CommandNode[]): string {
  const words = tree.map(({ path, commands, options }) => {
    const all = [...commands.map(({ name }) => name), ...options.flatMap(({ flags }) => flags)];
    return `    ${quoted(path)}) words=${quoted(all.join(' '))} ;;`;
  });
  return `# Completion of ${NAMES} for bash.
_ordersctl() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  local at='' next words='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${at:+$at }\${COMP_WORDS[i]}"
    case "$next" in ${known(tree)}) at=$next ;; esac
  done
  case "$at $before" in
${values(tree, bashValues)}
  esac
  case "$at" in
${words.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _ordersctl ${NAMES}
`;
}

const zshValues = (choices: readonly string[]): string =>
  choices.length === 0
    ? '_files; return'
    : `items=(${choices.map(quoted).join(' ')}); _describe value items; return`;

function zsh(tree: readonly CommandNode[]): string {
  const item = (name: string, about: string) => quoted(`${name}:${about.replaceAll(':', '\\:')}`);
  const words = tree.map(({ path, commands, options }) => {
    const own = options.flatMap(({ flags, about }) => flags.map((flag) => item(flag, about)));
    const below = commands.map(({ name, about }) => item(name, about));
    return `    ${quoted(path)}) items=(${[...below, ...own].join(' ')}) ;;`;
  });
  return `#compdef ${NAMES}
# Completion of ${NAMES} for zsh.
_ordersctl() {
  local at='' next='' before=\${words[CURRENT-1]} word
  local -a items
  for word in \${words[2,CURRENT-1]}; do
    next="\${at:+$at }$word"
    case "$next" in
      ${known(tree)}) at=$next ;;
    esac
  done
  case "$at $before" in
${values(tree, zshValues)}
  esac
  case "$at" in
${words.join('\n')}
  esac
  _describe ordersctl items || _files
}
if [[ "\${funcstack[1]}" == _ordersctl ]]; then
  _ordersctl "$@"
else
  compdef _ordersctl ${NAMES}
fi
`;
}

function fish(tree: readonly CommandNode[]): string {
  const text = (plain: string) => `'${plain.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const paths = tree.filter(({ path }) => path !== '').map(({ path }) => text(path));
  const lines = tree.flatMap(({ path, commands, options }) => {
    const here = `complete -c ordersctl -n ${text(`__ordersctl_at ${text(path)}`)}`;
    return [
      ...commands.map(({ name, about }) => `${here} -f -a ${name} -d ${text(about)}`),
      ...options.map(({ flags, about, takesValue, choices }) => {
        const names = flags.map((flag) =>
          flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
        );
        const value = choices.length > 0 ? ` -x -a ${text(choices.join(' '))}` : ' -r';
        return `${here} ${names.join(' ')}${takesValue ? value : ''} -d ${text(about)}`;
      }),
    ];
  });
  return `# Completion of ${NAMES} for fish.
function __ordersctl_at --description 'Whether this command is the one that is being typed'
    set -l at ''
    for word in (commandline -opc)[2..]
        set -l next (string trim -- "$at $word")
        contains -- $next ${paths.join(' ')}; and set at $next
    end
    test "$at" = "$argv[1]"
end
${lines.join('\n')}
complete -c orders -w ordersctl
`;
}
