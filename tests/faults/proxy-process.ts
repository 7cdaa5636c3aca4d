/**
 * The proxies between apps and servers have a process of their own: the harness blocks its event loop when it compares
 * large tables. Takes {@link ProxyOrder}s from its parent and ends with it.
 */
import { type ProxyBehaviour, TcpProxy } from '@parley/testing';

export type ProxyOrder =
  | { readonly id: number; readonly open: string; readonly port: number; readonly targetPort: number }
  | { readonly id: number; readonly set: string; readonly change: Partial<ProxyBehaviour> }
  | { readonly id: number; readonly cut: string };

const proxies = new Map<string, TcpProxy>();

function find(name: string): TcpProxy {
  const proxy = proxies.get(name);
  if (proxy === undefined) throw new Error(`there is no proxy '${name}'`);
  return proxy;
}

process.on('message', async (order: ProxyOrder) => {
  if ('open' in order) {
    const { proxy } = await TcpProxy.open(`tcp://127.0.0.1:${order.targetPort}`, order.port);
    proxies.set(order.open, proxy);
  } else if ('set' in order) find(order.set).set(order.change);
  else find(order.cut).cut();
  process.send?.({ done: order.id });
});
process.on('disconnect', () => process.exit());
