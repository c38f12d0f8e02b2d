#compdef modicum
# Completion of modicum for zsh: put it into a folder of fpath as _modicum, or source it.
_modicum() {
	local -a found
	found=("${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	if [[ -n "${found[1]}" ]]; then
		compadd -a found
	else
		_files
	fi
}
# Loaded by completion for the first time, this file is the function's body.
if [[ "${funcstack[1]}" == _modicum ]]; then
	_modicum "$@"
else
	compdef _modicum modicum
fi
