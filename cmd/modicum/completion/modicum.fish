# Completion of modicum for fish: put it into ~/.config/fish/completions.
function __modicum_complete
	set -l words (commandline -opc)
	modicum complete -- $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c modicum -f -n 'test -n "(__modicum_complete)"' -a '(__modicum_complete)'
