# tmux with bash in it: a server on a Unix socket, a pty, job control.
# packages: tmux
# needs: tmux bash
# Each look is a process, which is what takes long where instructions are emulated.
pause=0.05
[ -z "${SHORT:-}" ] || pause=1
export TERM=xterm LC_ALL=C.UTF-8
tmux -f /dev/null new-session -d -x 80 -y 24 'PS1="> " bash --norc --noprofile'
until tmux capture-pane -p | grep -q '^>'; do sleep $pause; done
type_line() { tmux send-keys "$1" Enter; }
type_line 'sleep 1000 &'
type_line 'jobs | sed "s/^/listed: /"'
until tmux capture-pane -p | grep -q '^listed: .*Running'; do sleep $pause; done
type_line 'fg'
until tmux capture-pane -p | grep -q '^sleep 1000$'; do sleep $pause; done
tmux send-keys C-z
until tmux capture-pane -p | grep -q 'Stopped'; do sleep $pause; done
type_line 'kill -CONT %1; kill %1; wait %1; echo "status: $?"'
until tmux capture-pane -p | grep -q '^status: '; do sleep $pause; done
tmux capture-pane -p | grep '^status: '
type_line 'stty size; tty | sed "s/[0-9].*/N/"; clear; echo cleared'
until tmux capture-pane -p | head -n 1 | grep -q '^cleared'; do sleep $pause; done
tmux capture-pane -p | grep -v '^$'
type_line 'clear; cat'
until tmux capture-pane -p | grep -q '^> *cat' || [ "$(tmux display -p '#{pane_current_command}')" = cat ]; do sleep $pause; done
tmux send-keys 'to cat' Enter C-c
until [ "$(tmux display -p '#{pane_current_command}')" = bash ]; do sleep $pause; done
tmux split-window -d 'cat'
until [ "$(tmux display -p -t .1 '#{pane_current_command}')" = cat ]; do sleep $pause; done
tmux resize-pane -t 1 -y 5
tmux list-panes -F '#{pane_index} #{pane_width}x#{pane_height} #{pane_current_command}'
tmux new-window -d -n second 'sleep 1000'
tmux list-windows -F '#{window_index} #{window_panes}'
tmux kill-server
tmux list-sessions 2>/dev/null || echo 'no server'
