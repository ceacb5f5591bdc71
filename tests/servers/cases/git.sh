# git clone over file:// and git://.
# packages: git
# needs: git
commits=20
[ -z "${SHORT:-}" ] || commits=2
export HOME=/tmp GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z' LC_ALL=C
git config --global user.name A
git config --global user.email a@example.com
git config --global init.defaultBranch main
git config --global advice.detachedHead false
git init -q /tmp/one
cd /tmp/one || exit
i=0
while [ $i -lt $commits ]; do seq $i 1000 >file$i; git add .; git commit -qm "commit $i"; i=$((i + 1)); done
touch .git/git-daemon-export-ok
git clone -q file:///tmp/one /tmp/two
git -C /tmp/two fsck 2>&1
git daemon --base-path=/tmp --listen=127.0.0.1 --port=9418 --enable=receive-pack --reuseaddr --detach
until git ls-remote git://127.0.0.1/one >/dev/null 2>&1; do sleep 0.05; done
git clone -q git://127.0.0.1/one /tmp/three
git -C /tmp/three rev-list --count HEAD
[ "$(git -C /tmp/two rev-parse HEAD)" = "$(git -C /tmp/three rev-parse HEAD)" ] && echo 'the same commit'
cd /tmp/three || exit
git checkout -q -b branch
echo new >new
git add new
git commit -qm new
git push -q origin branch 2>&1
git -C /tmp/one branch
git -C /tmp/one gc -q && git -C /tmp/one log --oneline branch | wc -l
