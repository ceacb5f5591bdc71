# erlang: processes, a TCP and a UDP server, ports, an http client and server, two nodes that find each other.
# packages: erlang-base erlang-inets
# needs: erl
cat >/tmp/serve.erl <<'END'
-module(serve).
-export([main/0]).
main() ->
  N = case os:getenv("SHORT") of false -> 10000; _ -> 100 end,
  Self = self(),
  [spawn(fun() -> Self ! {sum, I} end) || I <- lists:seq(1, N)],
  Sum = lists:sum([receive {sum, I} -> I end || _ <- lists:seq(1, N)]),
  io:format("processes ~p~n", [Sum == N * (N + 1) div 2]),
  {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127,0,0,1}}]),
  {ok, Port} = inet:port(L),
  spawn(fun() -> {ok, S} = gen_tcp:accept(L), {ok, D} = gen_tcp:recv(S, 5), gen_tcp:send(S, [D, D]), gen_tcp:close(S) end),
  {ok, C} = gen_tcp:connect({127,0,0,1}, Port, [binary, {active, false}]),
  gen_tcp:send(C, <<"hello">>),
  io:format("tcp ~p~n", [gen_tcp:recv(C, 10)]),
  {ok, U} = gen_udp:open(0, [binary, {active, true}, {ip, {127,0,0,1}}]),
  {ok, UPort} = inet:port(U),
  gen_udp:send(U, {127,0,0,1}, UPort, <<"datagram">>),
  receive {udp, U, _, _, Data} -> io:format("udp ~p~n", [Data]) after 60000 -> io:format("no datagram~n") end,
  io:format("refused ~p~n", [gen_tcp:connect({127,0,0,1}, 1, [])]),
  io:format("port ~p~n", [os:cmd("echo from a shell")]),
  inets:start(),
  file:make_dir("/tmp/www"), file:write_file("/tmp/www/index.html", "index"),
  {ok, Pid} = inets:start(httpd, [{port, 0}, {server_name, "x"}, {server_root, "/tmp"}, {document_root, "/tmp/www"}, {bind_address, {127,0,0,1}}]),
  [{port, HPort}] = httpd:info(Pid, [port]),
  {ok, {{_, Status, _}, _, Body}} = httpc:request("http://127.0.0.1:" ++ integer_to_list(HPort) ++ "/index.html"),
  io:format("http ~p ~p~n", [Status, Body]),
  receive after 50 -> io:format("timer~n") end,
  halt(0).
END
cd /tmp && erlc serve.erl && exec erl -noshell -s serve main
