/** Colours for whoever sits at a terminal: nothing that is piped or kept has any, in CI neither. */
import pc from 'picocolors';

const { env, stdout, stderr } = process;
const isAsked = env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0';
const isSeen = stdout.isTTY && stderr.isTTY && env['TERM'] !== 'dumb' && (env['NO_COLOR'] ?? '') === '';

export const colours = pc.createColors(isAsked || isSeen);
