#compdef modicum
# Completion of modicum for zsh: put it into a folder of fpath as _modicum.
_modicum() {
	local -a found
	found=("${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	if [[ -n "${found[1]}" ]]; then
		compadd -a found
	else
		_files
	fi
}
compdef _modicum modicum
